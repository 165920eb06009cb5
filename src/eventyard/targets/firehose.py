"""Firehose streams as targets of rules: each delivery becomes a record, without any delimiter added."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from eventyard.targets.letters import LetterTarget

Put = Callable[[str, Sequence[bytes]], Awaitable[Sequence[str]]]
"""Durable when it returns. Raises NotFound without the stream, InvalidRequest when any record is not taken."""


class FirehoseTarget(LetterTarget[bytes]):
    """The Firehose stream with ``arn``."""

    batch_size = 500

    def __init__(self, put: Put, arn: str) -> None:
        async def send(arn: str, records: Sequence[bytes]) -> None:
            await put(arn, records)

        super().__init__(send, arn, lambda item: item.payload, arn)
