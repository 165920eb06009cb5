"""The rules and queues under which the harness runs, each pattern beside a plain-Python statement of what it means.

The statement is what the checker believes; it shares no code with the product.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .client import Client, Refused

SOURCE = "reliability.harness"
KINDS = ("order", "refund", "return", "cancel")
DEAD_LETTERS = "doomed-dead-letters"


@dataclass(frozen=True)
class Intent:
    """An event that somebody meant to publish. ``digest``: SHA-256 of the ``Detail`` text."""

    number: int
    kind: str
    amount: float
    digest: str


@dataclass(frozen=True)
class Route:
    """What ``pattern`` lets through (as ``matches`` says in Python) must arrive in ``queue``.

    ``doomed``: the target queue is deleted after PutTargets, and ``queue`` is its dead-letter queue.
    """

    rule: str
    target: str
    queue: str
    pattern: dict[str, Any]
    matches: Callable[[Intent], bool]
    doomed: str | None = None


_RETURNS = {"detail": {"kind": [{"prefix": "re"}]}}
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
        "doomed", "1", DEAD_LETTERS, {"detail": {"kind": ["cancel"]}}, lambda it: it.kind == "cancel", doomed="doomed"
    ),
)


async def create_queue(client: Client, name: str, **attributes: str) -> tuple[str, str]:
    """A queue's (URL, ARN), made if it is not there."""
    if name.endswith(".fifo"):
        attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = (await client.call("sqs", "CreateQueue", QueueName=name, Attributes=attributes))["QueueUrl"]
    answer = await client.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


async def build(client: Client, visibility: int = 2) -> dict[str, str]:
    """Make all queues, rules and targets; answers the URLs of the queues to be read, by name."""
    urls = {}
    for route in ROUTES:
        url, arn = await create_queue(client, route.queue, VisibilityTimeout=str(visibility))
        urls[route.queue] = url
        target: dict[str, Any] = {"Id": route.target, "Arn": arn}
        if route.queue.endswith(".fifo"):
            target["SqsParameters"] = {"MessageGroupId": "all"}
        if route.doomed:
            doomed_url, doomed_arn = await create_queue(client, route.doomed)
            target |= {"Arn": doomed_arn, "DeadLetterConfig": {"Arn": arn}}
        await client.call("events", "PutRule", Name=route.rule, EventPattern=json.dumps(route.pattern))
        answer = await client.call("events", "PutTargets", Rule=route.rule, Targets=[target])
        if answer["FailedEntryCount"]:
            raise Refused(200, "PutTargets", json.dumps(answer["FailedEntries"]))
        if route.doomed:
            await client.call("sqs", "DeleteQueue", QueueUrl=doomed_url)
    return urls
