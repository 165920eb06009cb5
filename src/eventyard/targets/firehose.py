"""Firehose streams as targets of rules: each delivery becomes a record, without any delimiter added."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry

Put = Callable[[str, Sequence[bytes]], Awaitable[Sequence[str]]]
"""Durable when it returns. Raises NotFound without the stream, InvalidRequest when any record is not taken."""


class FirehoseTarget:
    """The Firehose stream with ``arn``."""

    batch_size = 500

    def __init__(self, put: Put, arn: str) -> None:
        self._put = put
        self._arn = arn

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """All of ``batch`` in one put. If that is refused, one by one, so that one bad event fails alone."""
        try:
            await self._put(self._arn, [item.payload for item in batch])
        except NotFound as error:
            return [Permanent("NO_RESOURCE", error.message)] * len(batch)
        except TryAgain as error:
            return [Retry(error.code, error.message)] * len(batch)
        except InvalidRequest as error:
            if len(batch) == 1:
                return [Permanent("SDK_CLIENT_ERROR", error.message)]
            outcomes = await asyncio.gather(*(self.deliver([item]) for item in batch))
            return [outcome for (outcome,) in outcomes]
        return [DELIVERED] * len(batch)
