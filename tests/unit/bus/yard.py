"""A whole bus on a memory store and a manual clock, with targets that the test controls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.bus import Directory, Engine, Publisher, Retention
from eventyard.bus.resources import DISABLED, ENABLED, Rule, TargetSpec
from eventyard.clock import ManualClock, settle
from eventyard.event import Event, envelope, iso_seconds, new_ids
from eventyard.names import bus_arn, rule_arn
from eventyard.store import Store
from eventyard.target import DELIVERED, Delivery, Outcome

BUS = bus_arn("123456789012", "us-east-1", "default")


class Box:
    """A target that keeps what it gets; ``answers`` are given first, then everything is taken."""

    def __init__(self, batch_size: int = 10) -> None:
        self.batch_size = batch_size
        self.place: str | None = None
        self.got: list[Delivery] = []
        self.tries = 0
        self.answers: list[Outcome] = []
        self.always: Outcome = DELIVERED
        self.batches: list[int] = []

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        self.tries += len(batch)
        self.batches.append(len(batch))
        outcomes = [self.answers.pop(0) if self.answers else self.always for _ in batch]
        self.got += [item for item, outcome in zip(batch, outcomes, strict=True) if outcome is DELIVERED]
        return outcomes

    @property
    def numbers(self) -> list[int]:
        return [json.loads(item.payload)["detail"]["n"] for item in self.got]


class Yard:
    """``boxes``: targets by ARN. ``dead``: what was sent to dead-letter queues."""

    def __init__(self, store: Store, keep: str = "failures", clock: ManualClock | None = None) -> None:
        self.store = store
        self.clock = clock or ManualClock()
        self.boxes: dict[str, Box] = {}
        self.dead: list[tuple[str, bytes, dict[str, str]]] = []
        self.dead_exists = True
        self.directory = Directory(store.catalog, self.clock)
        self.publisher = Publisher(store.log)
        self.engine = Engine(
            store.log,
            store.progress,
            self.directory,
            self.clock,
            self._target,
            self._bury,
            keep=keep,  # type: ignore[arg-type]
            retention=Retention(),
        )

    async def start(self) -> Yard:
        await self.directory.load()
        await self.engine.start()
        return self

    def box(self, name: str) -> Box:
        return self.boxes.setdefault(f"arn:aws:sqs:us-east-1:123456789012:{name}", Box())

    async def rule(self, name: str, pattern: Any, *boxes: str, state: str = ENABLED, **spec: Any) -> None:
        await self.directory.put_rule(
            Rule(
                bus=BUS,
                name=name,
                arn=rule_arn(BUS, name),
                created=self.clock.now(),
                created_by="123456789012",
                pattern=json.dumps(pattern),
                state=state,
            )
        )
        targets = [TargetSpec(id=box, arn=f"arn:aws:sqs:us-east-1:123456789012:{box}", **spec) for box in boxes]
        await self.directory.put_targets(BUS, name, targets)

    async def disable(self, name: str) -> None:
        await self.directory.set_state(BUS, name, DISABLED)

    async def enable(self, name: str) -> None:
        await self.directory.set_state(BUS, name, ENABLED)

    def event(self, n: int, source: str = "cars", **detail: Any) -> Event:
        now = self.clock.now()
        body = envelope(
            id=new_ids(1, now)[0],
            detail_type="LotSelected",
            source=source,
            account="123456789012",
            time=iso_seconds(now),
            region="us-east-1",
            resources=(),
            detail=json.dumps({"n": n, **detail}).encode(),
        )
        return Event(body, now)

    async def publish(self, *numbers: int, source: str = "cars") -> list[Event]:
        events = [self.event(n, source) for n in numbers]
        await self.publisher.publish(BUS, events)
        await settle()
        return events

    def _target(self, arn: str, parameters: Mapping[str, Any]) -> Box:
        return self.boxes.setdefault(arn, Box())

    async def _bury(self, arn: str, payload: bytes, attributes: Mapping[str, str]) -> bool:
        if self.dead_exists:
            self.dead.append((arn, payload, dict(attributes)))
        return self.dead_exists
