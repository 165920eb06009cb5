"""What happens to charges. Nothing here knows of buses, rules or queues: serverless.yml says what goes where."""

import os


def on_success(event, context):
    charge = event["detail"]
    return {
        "receipt": f"R-{charge['id']}",
        "customer": charge["customer"],
        "total": f"{charge['amount'] / 100:.2f} {os.environ['CURRENCY']}",
    }


def on_failure(event, context):
    return {"to": event["customer"], "text": f"Your payment did not go through: {event['reason']}"}


def report(event, context):
    print("purchases of", event["time"])
