"""Queues on a memory store and a clock that moves only when told to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from eventyard.clock import ManualClock
from eventyard.queues import Moves, Outgoing, Queues
from eventyard.store import Store
from eventyard.stores.memory import open_memory

ACCOUNT, REGION = "123456789012", "eu-west-1"


class Yard:
    """A ``Queues`` with what it stands on, and short words for what tests do with it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = ManualClock()
        self.queues = Queues(store.queues, store.catalog, self.clock)
        self.moves = Moves(self.queues, store.catalog, self.clock)

    async def make(self, name: str = "q", attributes: Mapping[str, str] | None = None) -> str:
        given = dict(attributes or {})
        if name.endswith(".fifo"):
            given["FifoQueue"] = "true"
        return (await self.queues.create(ACCOUNT, REGION, name, given, {})).arn

    async def send(self, arn: str, *bodies: str, **more: Any) -> list[str]:
        messages = [Outgoing(body, **more) for body in bodies]
        for message in messages:
            self.queues.check(arn, message)
        return [sent.id for sent in await self.queues.send(arn, messages)]

    async def receive(self, arn: str, limit: int = 10, **more: Any) -> list[str]:
        return [one.message.body for one in await self.queues.receive(arn, limit, **more)]


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    yard = Yard(await open_memory())
    yield yard
    await yard.moves.close()
    await yard.queues.close()
