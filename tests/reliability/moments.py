"""Schedules and scheduled rules that all fire into one queue, and the moments at which each of them must.

Like the routes, they are stated twice: as requests to the product, and in plain Python for the checker.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .client import ACCOUNT, Client
from .topology import create_queue, put_target

MOMENTS = "moments"
_EACH_SECOND = 4
_RATES, _RULES = 20, 4
_MINUTE = 60
_INPUT = {
    "moment": "<aws.scheduler.scheduled-time>",
    "firing": "<aws.scheduler.execution-id>",
}


@dataclass(frozen=True)
class Schedule:
    """Fires at ``first``, and from then on every so many seconds, if at all. Times are seconds since the epoch."""

    name: str
    first: int
    every: int | None = None

    def due(self, until: int) -> range:
        """Its moments up to ``until``."""
        last = until if self.every else min(until, self.first)
        return range(self.first, last + 1, self.every or 1)


async def schedule(client: Client, seconds: int) -> tuple[str, list[Schedule]]:
    """Make one-time schedules for every one of the next ``seconds``, others that fire every minute, and scheduled
    rules; answers the URL of their queue, and what they are."""
    # In the last seconds of a minute nobody could say whether that minute is the first of a rule made now.
    while time.time() % _MINUTE > _MINUTE - 5:  # noqa: ASYNC110 - it is a time that is waited for
        await asyncio.sleep(0.1)
    url, arn = await create_queue(client, MOMENTS, VisibilityTimeout="2")
    made = [await _rule(client, f"rule-{n}", arn) for n in range(_RULES)]
    count = seconds * _EACH_SECOND
    begin = int(time.time()) + 2 + count // 100  # by then they are all made
    at = [Schedule(f"at-{n}", begin + n // _EACH_SECOND) for n in range(count)]
    at += [Schedule(f"rate-{n}", begin + n * _MINUTE // _RATES, _MINUTE) for n in range(_RATES)]
    for each in at:
        await _create(client, each, arn)
    return url, made + at


async def _rule(client: Client, name: str, queue: str) -> Schedule:
    await client.call("events", "PutRule", Name=name, ScheduleExpression="cron(* * * * ? *)")
    template = f'{{"schedule": "{name}", "moment": <time>, "firing": <id>}}'
    transformer = {"InputPathsMap": {"time": "$.time", "id": "$.id"}, "InputTemplate": template}
    await put_target(client, name, {"Id": "1", "Arn": queue, "InputTransformer": transformer})
    return Schedule(name, (int(time.time()) // _MINUTE + 1) * _MINUTE, _MINUTE)


async def _create(client: Client, each: Schedule, queue: str) -> None:
    first = datetime.fromtimestamp(each.first, UTC)
    body: dict[str, Any] = {
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ScheduleExpression": f"at({first:%Y-%m-%dT%H:%M:%S})",
        "Target": {
            "Arn": queue,
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/harness",
            "Input": json.dumps({"schedule": each.name} | _INPUT),
        },
    }
    if each.every:
        body |= {"ScheduleExpression": "rate(1 minute)", "StartDate": each.first}
    await client.rest("scheduler", "POST", f"/schedules/{each.name}", body)
