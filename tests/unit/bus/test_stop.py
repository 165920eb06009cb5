"""A stop of the engine: what is in hand is finished, whichever way it came there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from eventyard.clock import settle
from eventyard.stores.memory import open_memory
from eventyard.target import Delivery, Outcome, Retry

from .yard import Box, Yard


class Slow(Box):
    """Says that a delivery has begun, and takes a while."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        if self.tries:
            self.begun.set()
            await asyncio.sleep(0.05)
        return await super().deliver(batch)


async def test_a_retry_in_hand_is_finished_and_not_made_again_after_the_start() -> None:
    store = await open_memory()
    yard = Yard(store)
    slow = yard.boxes["arn:aws:sqs:us-east-1:123456789012:slow"] = Slow()
    slow.answers = [Retry("SERVER_ERROR", "later")]
    await yard.start()
    await yard.rule("a", {"source": ["cars"]}, "slow")
    await yard.publish(1)
    await yard.engine.ledger.flush()
    await yard.clock.advance(2)
    async with asyncio.timeout(5):
        await slow.begun.wait()
    await yard.engine.close()
    assert slow.numbers == [1]
    assert await store.progress.backlog() == {}

    again = Yard(store, clock=yard.clock)
    await again.start()
    await again.clock.advance(60)
    await settle()
    assert again.box("slow").tries == 0
    await again.engine.close()
    await store.close()
