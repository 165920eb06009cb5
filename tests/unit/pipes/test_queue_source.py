"""How a pipe goes through a queue: in batches, group by group, and that only what was delivered is deleted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from eventyard.clock import ManualClock
from eventyard.pipes import RUNNING, Pipe, Stages
from eventyard.pipes.queue_source import QueueSource
from eventyard.pipes.records import queue_record
from eventyard.pipes.resources import Record


class Line:
    """A queue in memory: what was sent and not received is given out, hidden for good unless it is deleted."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.waiting: list[tuple[str, Record]] = []
        self.deleted: list[str] = []
        self.asked: list[int] = []

    def send(self, *bodies: Any, group: str | None = None) -> None:
        for body in bodies:
            name = str(body)
            shown = {"messageId": name, "receiptHandle": name}
            record = queue_record("arn:aws:sqs:r:1:q", "r", shown, json.dumps(body), 1, group, None)
            self.waiting.append((name, record))

    async def receive(self, limit: int, wait: float) -> Sequence[tuple[str, Record]]:
        self.asked.append(limit)
        found, self.waiting = self.waiting[:limit], self.waiting[limit:]
        if not found:
            await self.clock.sleep(wait)
            found, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return found

    async def delete(self, receipts: Sequence[str]) -> None:
        self.deleted += receipts


class Road:
    """A pipe whose target is ``call``: it notes the batches, and fails for what is in ``poison``."""

    def __init__(self, clock: ManualClock, filters: Sequence[str] = (), **settings: Any) -> None:
        self.line = Line(clock)
        self.batches: list[list[Any]] = []
        self.poison: set[Any] = set()
        criteria = {"Filters": [{"Pattern": pattern} for pattern in filters]}
        pipe = Pipe(
            "arn:pipe", "1", "r", "p", "arn:queue", "arn:target", "role", RUNNING, 1, 1, "born",
            source_parameters={"SqsQueueParameters": settings, "FilterCriteria": criteria},
            target_parameters={"InputTemplate": "<$.body>"},
        )  # fmt: skip
        self.source = QueueSource(pipe, self.line, Stages(pipe, clock, None, None, self._call), clock)

    async def _call(self, payloads: Sequence[bytes], keys: Sequence[str]) -> Sequence[str]:
        bodies = [json.loads(payload) for payload in payloads]
        self.batches.append(bodies)
        return [str(body) for body in bodies if body in self.poison]


async def test_a_batch_is_deleted_once_the_target_has_it() -> None:
    road = Road(ManualClock())
    road.line.send(*range(12))
    await road.source.turn()
    assert road.batches == [list(range(10))]
    assert road.line.deleted == [str(n) for n in range(10)]
    await road.source.turn()
    assert road.batches[1] == [10, 11]


async def test_what_the_function_names_as_failed_stays_in_the_queue() -> None:
    road = Road(ManualClock())
    road.poison = {1}
    road.line.send(0, 1, 2)
    await road.source.turn()
    assert road.line.deleted == ["0", "2"]


async def test_what_no_filter_lets_pass_is_deleted_unseen() -> None:
    road = Road(ManualClock(), ['{"body": [{"numeric": [">", 1]}]}'])
    road.line.send(0, 1, 2, 3)
    await road.source.turn()
    assert road.batches == [[2, 3]]
    assert sorted(road.line.deleted) == ["0", "1", "2", "3"]


async def test_nothing_of_a_group_overtakes_what_failed() -> None:
    road = Road(ManualClock())
    road.poison = {2}
    road.line.send(1, 2, 3, group="a")
    road.line.send(11, 12, group="b")
    await road.source.turn()
    assert sorted(road.batches) == [[1], [2], [11], [12]]
    assert sorted(road.line.deleted) == ["1", "11", "12"]


async def test_a_large_batch_is_gathered_within_its_window() -> None:
    clock = ManualClock()
    road = Road(clock, BatchSize=250, MaximumBatchingWindowInSeconds=10)
    road.line.send(*range(250))
    await road.source.turn()
    assert [len(batch) for batch in road.batches] == [250]
    assert road.line.asked == [100, 100, 50]
