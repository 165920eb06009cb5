"""Places that take letters, many in one durable send: what queues and topics as targets have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry

Letter = TypeVar("Letter")


class LetterTarget(Generic[Letter]):
    """What is at ``arn``. ``letter``: makes of a delivery what ``send`` takes.

    ``send`` is durable when it returns. It raises NotFound if nothing is there, InvalidRequest for a letter that is not
    taken, and TryAgain when there is no room."""

    batch_size = 100

    def __init__(
        self,
        send: Callable[[str, Sequence[Letter]], Awaitable[None]],
        arn: str,
        letter: Callable[[Delivery], Letter],
    ) -> None:
        self._send = send
        self._arn = arn
        self._letter = letter

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """All of ``batch`` in one send. If that is refused, one by one, so that one bad event fails alone."""
        letters = [self._letter(item) for item in batch]
        try:
            await self._send(self._arn, letters)
        except NotFound as error:
            return [Permanent("NO_RESOURCE", error.message)] * len(batch)
        except TryAgain as error:
            return [Retry(error.code, error.message)] * len(batch)
        except InvalidRequest:
            return [await self._deliver_one(letter) for letter in letters]
        return [DELIVERED] * len(batch)

    async def _deliver_one(self, letter: Letter) -> Outcome:
        try:
            await self._send(self._arn, [letter])
        except TryAgain as error:
            return Retry(error.code, error.message)
        except NotFound as error:
            return Permanent("NO_RESOURCE", error.message)
        except InvalidRequest as error:
            return Permanent("SDK_CLIENT_ERROR", error.message)
        return DELIVERED
