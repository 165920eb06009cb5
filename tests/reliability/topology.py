"""The rules and targets under which the harness runs, each pattern beside a plain-Python statement of what it means.

The statement is what the checker believes; it shares no code with the product.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .client import ACCOUNT, REGION, Client, Refused

SOURCE = "reliability.harness"
KINDS = ("order", "refund", "return", "cancel")
#: How often a delivery to the sink is tried again.
RETRIES = 2
#: What the archive keeps, and what it is called.
ARCHIVE, ARCHIVED = "orders-and-returns", frozenset({"order", "return"})
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


@dataclass(frozen=True)
class Intent:
    """An event that somebody meant to publish. ``time``: in its envelope, in seconds since the epoch. ``digest``:
    SHA-256 of the ``Detail`` text."""

    number: int
    kind: str
    amount: float
    time: int
    digest: str

    @property
    def failures(self) -> int:
        """How many tries the sink refuses before it takes this event."""
        if self.number % 20 == 7:
            return 1_000_000
        return 1 if self.number % 5 == 3 else 0

    @property
    def archived(self) -> bool:
        return self.kind in ARCHIVED


@dataclass(frozen=True)
class Route:
    """What ``pattern`` lets through (as ``matches`` says in Python) must arrive at ``place``, a queue or the sink.

    ``to``: what the target is. ``gone`` is a queue that is deleted after PutTargets. ``letter``: for a ``place`` that
    is the target's dead-letter queue, attributes that its letters must carry. ``replays``: only what a replay brings.
    """

    rule: str
    target: str
    place: str
    pattern: dict[str, Any]
    matches: Callable[[Intent], bool]
    to: Literal["queue", "gone", "sink"] = "queue"
    letter: Mapping[str, str] | None = None
    replays: bool = False

    def at(self, replay: str) -> str:
        """The place where what ``replay`` brings must arrive."""
        return f"{self.place}/{replay}"


def _refund(it: Intent) -> bool:
    return it.kind == "refund" and it.amount < 400


_RETURNS = {"detail": {"kind": [{"prefix": "re"}]}}
_REFUNDS = {"detail": {"kind": ["refund"], "amount": [{"numeric": ["<", 400]}]}}
_ORDERS_AGAIN = {"detail": {"kind": ["order"]}, "replay-name": [{"exists": True}]}
_CANCELLED = {"detail": {"kind": ["cancel"]}}
ROUTES = (
    Route("orders", "1", "orders", {"detail": {"kind": ["order"]}}, lambda it: it.kind == "order"),
    Route("large", "1", "large", {"detail": {"amount": [{"numeric": [">=", 750]}]}}, lambda it: it.amount >= 750),
    Route("returns", "1", "returns-a", _RETURNS, lambda it: it.kind in ("refund", "return")),
    Route("returns", "2", "returns-b", _RETURNS, lambda it: it.kind in ("refund", "return")),
    Route(
        "small-or-cancelled",
        "1",
        "mixed.fifo",
        {"detail": {"$or": [{"amount": [{"numeric": ["<", 100]}]}, {"kind": ["cancel"]}]}},
        lambda it: it.amount < 100 or it.kind == "cancel",
    ),
    Route("everything", "1", "everything", {"source": [SOURCE]}, lambda it: True),
    Route(
        "doomed",
        "1",
        "doomed-dead-letters",
        _CANCELLED,
        lambda it: it.kind == "cancel",
        to="gone",
        letter={"ERROR_CODE": "NO_RESOURCE"},
    ),
    # One target, two ends: which of them is the sink's doing.
    Route("called", "1", "sink", _REFUNDS, lambda it: _refund(it) and it.failures <= RETRIES, to="sink"),
    Route(
        "called",
        "1",
        "exhausted-dead-letters",
        _REFUNDS,
        lambda it: _refund(it) and it.failures > RETRIES,
        to="sink",
        letter={"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": str(RETRIES)},
    ),
    Route("again", "1", "again", _ORDERS_AGAIN, lambda it: it.kind == "order", replays=True),
)


async def create_queue(client: Client, name: str, **attributes: str) -> tuple[str, str]:
    """A queue's (URL, ARN), made if it is not there."""
    if name.endswith(".fifo"):
        attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = (await client.call("sqs", "CreateQueue", QueueName=name, Attributes=attributes))["QueueUrl"]
    answer = await client.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


async def create_destination(client: Client, name: str, url: str, rate: int = 300) -> str:
    """The ARN of a new API destination, with a connection of the same name."""
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "v"}}
    made = await client.call("events", "CreateConnection", Name=name, AuthorizationType="API_KEY", AuthParameters=key)
    answer = await client.call(
        "events",
        "CreateApiDestination",
        Name=name,
        ConnectionArn=made["ConnectionArn"],
        InvocationEndpoint=url,
        HttpMethod="POST",
        InvocationRateLimitPerSecond=rate,
    )
    arn: str = answer["ApiDestinationArn"]
    return arn


async def put_target(client: Client, rule: str, target: Mapping[str, Any]) -> None:
    """Raises Refused, also for an entry that failed."""
    answer = await client.call("events", "PutTargets", Rule=rule, Targets=[target])
    if answer["FailedEntryCount"]:
        raise Refused(200, "PutTargets", json.dumps(answer["FailedEntries"]))


async def build(client: Client, sink: int, visibility: int = 2) -> dict[str, str]:
    """Make the archive, and all queues, rules and targets; answers the URLs of the queues to be read, by name.
    ``sink``: the port of the sink."""
    pattern = json.dumps({"detail": {"kind": sorted(ARCHIVED)}})
    await client.call("events", "CreateArchive", ArchiveName=ARCHIVE, EventSourceArn=BUS, EventPattern=pattern)
    destination = await create_destination(client, "sink", f"http://127.0.0.1:{sink}/")
    urls = {}
    for route in ROUTES:
        target: dict[str, Any] = {"Id": route.target}
        if route.to != "sink" or route.letter:
            url, arn = await create_queue(client, route.place, VisibilityTimeout=str(visibility))
            urls[route.place] = url
            target |= {"DeadLetterConfig": {"Arn": arn}} if route.letter else {"Arn": arn}
        if route.place.endswith(".fifo"):
            target["SqsParameters"] = {"MessageGroupId": "all"}
        if route.to == "gone":
            gone, target["Arn"] = await create_queue(client, "gone")
        if route.to == "sink":
            role = f"arn:aws:iam::{ACCOUNT}:role/harness"
            target |= {"Arn": destination, "RoleArn": role, "RetryPolicy": {"MaximumRetryAttempts": RETRIES}}
        await client.call("events", "PutRule", Name=route.rule, EventPattern=json.dumps(route.pattern))
        await put_target(client, route.rule, target)
        if route.to == "gone":
            await client.call("sqs", "DeleteQueue", QueueUrl=gone)
    return urls
