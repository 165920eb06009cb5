"""The ledger: when what was settled becomes durable."""

from __future__ import annotations

import asyncio

from eventyard.bus.ledger import Ledger
from eventyard.clock import SystemClock
from eventyard.store import Checkpoint
from eventyard.stores.memory import open_memory


async def test_a_batch_of_deliveries_is_written_down_without_waiting_for_the_interval() -> None:
    store = await open_memory()
    ledger = Ledger(store.progress, SystemClock(), interval=3600)
    ledger.start()
    try:
        ledger.delivered(99)
        ledger.moved("subscriber", lambda: Checkpoint(99))
        await asyncio.sleep(0.05)
        assert await store.progress.load() == {}, "one alone is worth no write of its own"
        ledger.delivered(1)
        async with asyncio.timeout(5):
            while await store.progress.load() != {"subscriber": Checkpoint(99)}:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        ledger.moved("subscriber", lambda: Checkpoint(100))
        await asyncio.sleep(0.05)
        assert await store.progress.load() == {"subscriber": Checkpoint(99)}, "from then on it counts anew"
    finally:
        await ledger.close()
        await store.close()
    assert await store.progress.load() == {"subscriber": Checkpoint(100)}, "in the end it is all written"
