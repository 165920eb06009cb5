"""Events as deep as PutEvents documents, 1,000 levels, get everywhere that others do."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

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


def test_deepest_event_is_tested_and_explained(server: Server) -> None:
    events = server.client("events", new_account())
    envelope = {
        "id": "1",
        "account": "1",
        "source": "cars",
        "time": "t",
        "region": "r",
        "detail-type": "t",
        "detail": 0,
    }
    text = json.dumps(envelope).replace('"detail": 0', f'"detail": {_nested(1000)}')
    assert events.test_event_pattern(EventPattern='{"source":["cars"]}', Event=text)["Result"] is True
    asked = f'{{"pattern":{{"source":["bikes"]}},"event":{text}}}'.encode()
    with urlopen(Request(f"{server.url}/_eventyard/explain", asked)) as answer:
        assert json.load(answer)["path"] == "source"


def test_how_a_number_is_written_is_explained(server: Server) -> None:
    for pattern, matched in ("300", False), ("3.0e2", True):
        asked = f'{{"pattern":{{"detail":{{"n":[{pattern}]}}}},"event":{{"detail":{{"n":3.0e2}}}}}}'.encode()
        with urlopen(Request(f"{server.url}/_eventyard/explain", asked)) as answer:
            assert json.load(answer)["matched"] is matched


def test_templates_that_can_never_be_json_are_refused(server: Server) -> None:
    account = new_account()
    events = server.client("events", account)
    events.put_rule(Name="r", EventPattern='{"source":["cars"]}')
    transformer = {"InputPathsMap": {"d": "$.detail"}, "InputTemplate": '{"d":<d>'}
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{account}:q", "InputTransformer": transformer}
    code, message = refusal(events.put_targets, Rule="r", Targets=[target])
    assert code == "ValidationException"
    assert message.startswith("Invalid InputTemplate for target 1: ")
