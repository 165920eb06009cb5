"""Queues as targets of rules, and as dead-letter queues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry


class QueueMessage(msgspec.Struct, frozen=True):
    """What is handed to the queues: ``attributes`` are message attributes of type String."""

    body: str
    trace: str | None = None
    group: str | None = None
    attributes: Mapping[str, str] = {}


Send = Callable[[str, Sequence[QueueMessage]], Awaitable[None]]
"""Durable when it returns. Raises NotFound without the queue, InvalidRequest for a message it does not take."""


class QueueTarget:
    """The queue with ``arn``. ``parameters``: the rule's SqsParameters."""

    batch_size = 100

    def __init__(self, send: Send, arn: str, parameters: Mapping[str, Any]) -> None:
        self._send = send
        self._arn = arn
        self._group: str | None = parameters.get("MessageGroupId")

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """All of ``batch`` in one send. If that is refused, one by one, so that one bad event fails alone."""
        messages = [QueueMessage(item.payload.decode(), item.trace, self._group) for item in batch]
        try:
            await self._send(self._arn, messages)
        except NotFound as error:
            return [Permanent("NO_RESOURCE", error.message)] * len(batch)
        except TryAgain as error:
            return [Retry(error.code, error.message)] * len(batch)
        except InvalidRequest:
            return [await self._deliver_one(message) for message in messages]
        return [DELIVERED] * len(batch)

    async def _deliver_one(self, message: QueueMessage) -> Outcome:
        try:
            await self._send(self._arn, [message])
        except TryAgain as error:
            return Retry(error.code, error.message)
        except NotFound as error:
            return Permanent("NO_RESOURCE", error.message)
        except InvalidRequest as error:
            return Permanent("SDK_CLIENT_ERROR", error.message)
        return DELIVERED


class DeadLetters:
    """Sends what could not be delivered to queues."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def send(self, arn: str, payload: bytes, attributes: Mapping[str, str]) -> bool:
        """Send ``payload`` with string attributes; False where the queue is missing or refuses it."""
        try:
            await self._send(arn, [QueueMessage(payload.decode(), None, None, attributes)])
        except (NotFound, InvalidRequest):
            return False
        return True
