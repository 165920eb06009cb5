"""Places that take letters, many in one durable send: what queues, topics and streams as targets have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from eventyard.errors import Forbidden, InvalidRequest, NotFound, TryAgain
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry
from eventyard.targets.admission import Admit

Letter = TypeVar("Letter")

Failures = Sequence[tuple[str, str] | None] | None
"""For each letter None if it was taken, or the code and message of why not yet; None if all were."""


class LetterTarget(Generic[Letter]):
    """What is at ``arn``. ``letter``: makes of a delivery what ``send`` takes. ``place``: see Target.
    ``admit``: asked for each rule, if given, whether it may deliver there.

    ``send`` is durable when it returns. It raises NotFound if nothing is there, InvalidRequest for a letter that is not
    taken, and TryAgain when there is no room."""

    batch_size = 100

    def __init__(
        self,
        send: Callable[[str, Sequence[Letter]], Awaitable[Failures]],
        arn: str,
        letter: Callable[[Delivery], Letter],
        place: str | None = None,
        admit: Admit | None = None,
    ) -> None:
        self._send = send
        self._arn = arn
        self._letter = letter
        self.place = place
        self._admit = admit

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """All of ``batch`` in one send. If that is refused, one by one, so that one bad event fails alone."""
        refused = self._refused({item.rule for item in batch})
        if not refused:
            return await self._deliver([self._letter(item) for item in batch])
        admitted = [item for item in batch if item.rule not in refused]
        taken = iter(await self._deliver([self._letter(item) for item in admitted]) if admitted else ())
        return [refused[item.rule] if item.rule in refused else next(taken) for item in batch]

    def _refused(self, rules: Iterable[str]) -> dict[str, Permanent]:
        """Those of ``rules`` (ARNs) that may not deliver here."""
        found: dict[str, Permanent] = {}
        if self._admit is None:
            return found
        for rule in rules:
            try:
                self._admit(self._arn, rule)
            except Forbidden as error:
                found[rule] = Permanent("NO_PERMISSIONS", error.message)
            except NotFound as error:
                found[rule] = Permanent("NO_RESOURCE", error.message)
        return found

    async def _deliver(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        try:
            failures = await self._send(self._arn, letters)
        except NotFound as error:
            return [Permanent("NO_RESOURCE", error.message)] * len(letters)
        except TryAgain as error:
            return [Retry(error.code, error.message)] * len(letters)
        except InvalidRequest as error:
            if len(letters) == 1:
                return [Permanent("SDK_CLIENT_ERROR", error.message)]
            return [(await self._deliver([letter]))[0] for letter in letters]
        if failures is None:
            return [DELIVERED] * len(letters)
        return [DELIVERED if failure is None else Retry(*failure) for failure in failures]
