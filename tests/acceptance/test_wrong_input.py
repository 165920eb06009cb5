"""No input makes the server fail: every operation, with each of its parameters missing, empty, too long, out of its
enum or its bounds, or of a wrong form, answers or refuses; without what is required it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.session import Session

from tests.acceptance.server import Server, new_account

SERVICES = ("events", "scheduler", "pipes", "sqs", "sns")
#: Those that wait, or change what other tests stand on.
LEFT_OUT = {"ReceiveMessage"}
TEXTS = [
    "",
    " ",
    "x" * 3000,
    "ä€😀",
    "a b",
    "arn:aws:sqs",
    "arn:aws:events:us-east-1:111122223333:rule/a/b/c",
    "{}",
    "$.a",
    "[",
    "0",
]
NUMBERS = [-1, 0, 1, 10**9]


ACCOUNT = new_account()
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:a"
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
EVENT = {
    "id": "1",
    "account": ACCOUNT,
    "source": "a",
    "time": "2026-01-01T00:00:00Z",
    "region": "r",
    "detail-type": "t",
}
#: What members need to be so that more than the first check is passed; by service where it matters.
VALUES: dict[str, Any] = {
    "events.Arn": QUEUE,
    "scheduler.Arn": QUEUE,
    "events.Event": json.dumps(EVENT),
    "events.EventBusName": "default",
    "events.EventPattern": '{"source":["a"]}',
    "events.EventSourceArn": BUS,
    "events.ResourceARN": BUS,
    "events.InvocationEndpoint": "https://example.com/a",
    "events.AuthorizationEndpoint": "https://example.com/a",
    "events.Detail": "{}",
    "events.Account": ACCOUNT,
    "scheduler.ResourceArn": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/a",
    "pipes.resourceArn": f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/a",
    "pipes.Source": QUEUE,
    "pipes.Target": QUEUE,
    "sqs.QueueUrl": f"http://127.0.0.1/{ACCOUNT}/a",
    "sqs.SourceArn": QUEUE,
    "sns.TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:a",
    "sns.ResourceArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:a",
    "sns.Protocol": "sqs",
    "sns.Endpoint": QUEUE,
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/a",
    "ScheduleExpression": "rate(1 day)",
    "Mode": "OFF",
    "AWSAccountIds": [ACCOUNT],
    "AWSAccountId": [ACCOUNT],
    "ReceiptHandle": "0" * 33 + "-1",
}
PARTNER = "aws.partner/example.com/a"
VALUES |= {
    "events.DescribePartnerEventSource.Name": PARTNER,
    "events.DescribeEventSource.Name": PARTNER,
    "events.ActivateEventSource.Name": PARTNER,
    "events.DeactivateEventSource.Name": PARTNER,
    "events.CreatePartnerEventSource.Name": PARTNER,
    "events.DeletePartnerEventSource.Name": PARTNER,
    "events.EventSourceName": PARTNER,
    "events.NamePrefix": "aws.partner/example.com/",
}
ROUTING = {"Primary": {"HealthCheck": "arn:aws:route53:::healthcheck/a"}, "Secondary": {"Route": "us-west-2"}}
BASIC = {"BasicAuthParameters": {"Username": "u", "Password": "p"}}
OFF = {"Mode": "OFF"}
TARGET = {"Arn": QUEUE, "RoleArn": VALUES["RoleArn"]}
#: What is there before each operation is tried.
STAGE: list[tuple[str, str, dict[str, Any]]] = [
    ("sqs", "create_queue", {"QueueName": "a"}),
    ("sns", "create_topic", {"Name": "a"}),
    ("pipes", "create_pipe", {"Name": "a", "Source": QUEUE, "Target": QUEUE, "RoleArn": VALUES["RoleArn"]}),
    ("scheduler", "create_schedule_group", {"Name": "a"}),
    ("scheduler", "create_schedule", {"Name": "a", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": OFF,
                                      "Target": TARGET, "State": "DISABLED"}),
    ("events", "create_event_bus", {"Name": "a"}),
    ("events", "put_rule", {"Name": "a", "EventPattern": '{"source":["a"]}'}),
    ("events", "create_archive", {"ArchiveName": "a", "EventSourceArn": BUS}),
    ("events", "create_connection", {"Name": "a", "AuthorizationType": "BASIC", "AuthParameters": BASIC}),
    ("events", "create_partner_event_source", {"Name": PARTNER, "Account": ACCOUNT}),
    ("events", "create_endpoint", {"Name": "a", "RoutingConfig": {"FailoverConfig": ROUTING}, "RoleArn":
                                   VALUES["RoleArn"], "EventBuses": [{"EventBusArn": BUS}, {"EventBusArn":
                                   BUS.replace("us-east-1", "us-west-2")}]}),
]  # fmt: skip


def operations() -> list[tuple[str, str]]:
    found = []
    for service in SERVICES:
        names = Session().get_service_model(service).operation_names
        found += [(service, name) for name in names if name not in LEFT_OUT]
    return found


def usual(shape: Any, service: str, operation: str = "") -> Any:
    """A value that does, of what is required."""
    kind = shape.type_name
    if kind == "structure":
        return {
            name: next(
                (VALUES[key] for key in (f"{service}.{operation}.{name}", f"{service}.{name}", name) if key in VALUES),
                None,
            )
            or usual(shape.members[name], service)
            for name in shape.required_members
        }
    if kind == "list":
        return [usual(shape.member, service)]
    if kind == "map":
        return {"a": usual(shape.value, service)}
    if kind in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return 1_800_000_000
    if kind == "blob":
        return b"x"
    if kind in ("float", "double"):
        return 1.0
    return shape.metadata.get("enum", ["a"])[0]


def wrong(shape: Any, service: str) -> Iterator[Any]:
    """Values that ``shape`` may not like."""
    kind = shape.type_name
    if kind in ("integer", "long"):
        yield from NUMBERS
    elif kind == "string":
        yield from TEXTS
    elif kind == "list":
        yield []
        yield [usual(shape.member, service)] * 101
        for value in wrong(shape.member, service):
            yield [value]
    elif kind == "map":
        yield {}
        for value in wrong(shape.value, service):
            yield {"a": value, "Policy": value, "FifoQueue": value, "RedrivePolicy": value, "FilterPolicy": value}
    elif kind == "structure":
        yield {}
        whole = usual(shape, service)
        for name, member in shape.members.items():
            for value in wrong(member, service) if member.type_name != "structure" else ():
                yield whole | {name: value}


@pytest.fixture(scope="module")
def clients(server: Server) -> Iterator[dict[str, Any]]:
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    made = {
        service: boto3.client(
            service,
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
            config=config,
        )
        for service in SERVICES
    }
    yield made
    for client in made.values():
        client.close()


@pytest.mark.parametrize(("service", "name"), operations(), ids=lambda value: value)
def test_wrong_input_is_refused_and_nothing_fails(clients: dict[str, Any], service: str, name: str) -> None:
    client = clients[service]
    shape = client.meta.service_model.operation_model(name).input_shape
    if shape is None:
        return
    for owner, make, params in STAGE:
        with suppress(ClientError):  # it is there already
            getattr(clients[owner], make)(**params)
    whole = usual(shape, service, name)
    call(client, name, whole)
    for required in shape.required_members:
        without = {member: value for member, value in whole.items() if member != required}
        if is_in_path(shape.members[required]):
            continue
        assert call(client, name, without) is not None, f"{required} is required"
    for member, of in shape.members.items():
        for value in wrong(of, service):
            if not (is_in_path(of) and not value):
                call(client, name, whole | {member: value})


def is_in_path(shape: Any) -> bool:
    """An empty text there would be another operation's path."""
    return shape.serialization.get("location") == "uri"


def call(client: Any, name: str, params: dict[str, Any]) -> str | None:
    """The code of the refusal, None for an answer. What the client itself can't send counts as refused."""
    try:
        client._make_api_call(name, params)
    except ClientError as error:
        said = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if not 400 <= status < 500 or not said["Message"]:
            pytest.fail(f"{name} with {params}: {status} {error}")
        return str(said["Code"])
    except (BotoCoreError, ValueError, TypeError, AttributeError, KeyError) as error:
        if isinstance(error, HTTPClientError):
            pytest.fail(f"{name} with {params}: {error}")
        return type(error).__name__
    return None
