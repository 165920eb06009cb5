"""The client's handlers inside of functions: generated code, in an environment that has the client, fed by a rule and
by a queue."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.acceptance.cli.test_cli import run
from tests.acceptance.functions.test_functions import Yard
from tests.acceptance.functions.test_origins import Pages
from tests.acceptance.server import Server
from tests.acceptance.waiting import until

CONTRACTS = Path(__file__).parents[3] / "examples" / "cars" / "contracts"
EMPTY = "raise NotImplementedError('PurchaseApproved is not handled yet')"
FILLED = "print(event.vrm, file=open('{}', 'a'))"
PURCHASE = {"vrm": "AB12 CDE", "make": "Volvo", "amount": 18500, "approved_by": "Grace"}


def test_a_generated_handler_gets_typed_events_and_says_which_messages_failed(
    server: Server, connect: Callable[[str], Any], account: str, tmp_path: Path
) -> None:
    code, notes = tmp_path / "code", tmp_path / "notes"
    done = run(
        "codegen",
        "handler",
        "PurchaseApproved",
        "--contracts",
        str(CONTRACTS),
        "--style",
        "msgspec",
        "--out",
        str(code),
    )
    assert done.returncode == 0, done.stderr
    stub = code / "purchase_approved_handler.py"
    assert EMPTY in stub.read_text()
    stub.write_text(stub.read_text().replace(EMPTY, FILLED.format(notes)))
    handler = "purchase_approved_handler.handle_purchase_approved"
    asked = {"path": str(code), "handler": handler, "python": sys.executable, "timeout": 20}
    assert Pages(server.url, account)("PUT", "approved", asked)[0] == 201
    arn = connect("lambda").get_function(FunctionName="approved")["Configuration"]["FunctionArn"]

    events, sqs, yard = connect("events"), connect("sqs"), Yard(connect)
    events.put_rule(Name="r", EventPattern='{"detail-type": ["PurchaseApproved"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "f", "Arn": arn}])
    detail = json.dumps(PURCHASE)
    events.put_events(Entries=[{"Source": "uk.co.cars.buying", "DetailType": "PurchaseApproved", "Detail": detail}])
    assert until(lambda: notes.exists() and notes.read_text() == "AB12 CDE\n")

    queue = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_targets(Rule="r", Targets=[{"Id": "f", "Arn": source}])
    yard.functions.create_event_source_mapping(
        EventSourceArn=source, FunctionName="approved", FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    sqs.send_message(QueueUrl=queue, MessageBody="no event")
    events.put_events(Entries=[{"Source": "uk.co.cars.buying", "DetailType": "PurchaseApproved", "Detail": detail}])
    assert until(lambda: notes.read_text() == "AB12 CDE\n" * 2)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> int:
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    assert until(lambda: left() == 1), "the message that is no event stays, the other is deleted"
