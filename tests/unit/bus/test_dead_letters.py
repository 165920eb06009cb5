"""Dead letters of many events at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from eventyard.stores.memory import open_memory
from eventyard.target import Permanent

from .yard import Yard


async def test_dead_letters_of_a_batch_are_sent_side_by_side_and_in_order() -> None:
    under_way, most = 0, 0

    class Letters(Yard):
        async def _bury(self, arn: str, payload: bytes, attributes: Mapping[str, str]) -> bool:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1
            return await super()._bury(arn, payload, attributes)

    yard = await Letters(await open_memory()).start()
    await yard.rule("a", {"source": ["cars"]}, "gone", dead_letter_arn="arn:aws:sqs:us-east-1:123456789012:dead")
    yard.box("gone").always = Permanent("NO_RESOURCE", "no queue")
    await yard.publish(*range(10))
    await yard.engine.close()  # finishes what is in hand
    assert most == 10
    assert [json.loads(payload)["detail"]["n"] for _, payload, _ in yard.dead] == list(range(10))
