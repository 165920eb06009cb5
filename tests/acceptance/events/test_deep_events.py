"""Events as deep as PutEvents documents, 1,000 levels, get everywhere that others do."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server, new_account
from tests.acceptance.waiting import until

REGION = "us-east-1"


def _nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def _received(sqs: Any, url: str) -> str:
    messages = until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    body: str = messages[0]["Body"]
    return body


def test_deepest_event_is_matched_transformed_and_sent_on(server: Server) -> None:
    home, other = new_account(), new_account()
    events, foreign, sqs = server.client("events", home), server.client("events", other), server.client("sqs", other)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    bus = f"arn:aws:events:{REGION}:{other}:event-bus/default"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": home},
        "Action": "events:PutEvents",
        "Resource": bus,
        "Condition": {"StringEquals": {"events:source": "cars"}, "Bool": {"events:eventBusInvocation": "true"}},
    }
    foreign.put_permission(Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    pattern = '{"detail":{"a":{"a":{"b":[{"exists":false}]}}}}'
    events.put_rule(Name="on", EventPattern=pattern)
    events.put_targets(Rule="on", Targets=[{"Id": "1", "Arn": bus}])
    foreign.put_rule(Name="in", EventPattern=pattern)
    transformer = {"InputPathsMap": {"d": "$.detail"}, "InputTemplate": '{"d":<d>}'}
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{other}:q", "InputTransformer": transformer}
    foreign.put_targets(Rule="in", Targets=[target])
    entry = {"Source": "cars", "DetailType": "t"}
    details = [_nested(1000), _nested(1001)]
    answer = events.put_events(Entries=[{**entry, "Detail": detail} for detail in details])["Entries"]
    assert "EventId" in answer[0]
    assert (answer[1]["ErrorCode"], answer[1]["ErrorMessage"]) == ("MalformedDetail", "Detail is malformed.")
    assert _received(sqs, url) == '{"d":' + _nested(1000) + "}"
    direct = foreign.put_events(Entries=[{**entry, "Detail": "{}", "EventBusName": bus}])
    assert direct["FailedEntryCount"] == 0, "the own account needs no statement"


def test_templates_that_can_never_be_json_are_refused(server: Server) -> None:
    account = new_account()
    events = server.client("events", account)
    events.put_rule(Name="r", EventPattern='{"source":["cars"]}')
    transformer = {"InputPathsMap": {"d": "$.detail"}, "InputTemplate": '{"d":<d>'}
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{account}:q", "InputTransformer": transformer}
    code, message = refusal(events.put_targets, Rule="r", Targets=[target])
    assert code == "ValidationException"
    assert message.startswith("Invalid InputTemplate for target 1: ")
