"""What is fired by the clock: the contract between who keeps schedules and who appends and delivers what is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

Letter = Callable[[bytes, Mapping[str, str]], tuple[bytes, Mapping[str, str]]]
"""``letter(body, reasons)``: payload and attributes of the dead letter for a body that could not be delivered.
``reasons`` says why, with the names that EventBridge gives its dead letters' attributes."""


EVER = 1 << 53
"""A window that nothing is older than."""


class Firing(msgspec.Struct, frozen=True):
    """One schedule and its one target. Times are milliseconds unless said otherwise.

    ``name``: an ARN, unique and lasting. ``log``: where its events are appended. ``next_after``: the first moment after
    the given one. ``delay``: how long after a moment it is fired. ``body``: the event for an id and a moment; its
    ``resources`` must hold ``name``. ``payload``: what the target gets for a body at an attempt, from 1 on; None
    for the body itself. ``since``: nothing up to there is due. ``window``: what is overdue by more is left out;
    ``EVER``: nothing is. ``max_age``: seconds. ``letter``: with ``dead_letter_arn`` only."""

    name: str
    log: str
    next_after: Callable[[int], int | None]
    delay: Callable[[int], int]
    body: Callable[[str, int], bytes]
    payload: Callable[[bytes, int], bytes] | None
    since: int
    window: int
    enabled: bool
    target_arn: str
    parameters: Mapping[str, Any]
    max_attempts: int
    max_age: int
    dead_letter_arn: str | None
    letter: Letter


class Firings(Protocol):
    """Fires by the clock, each moment once over restarts, and delivers with retries and dead letters."""

    def keep(self, firing: Firing) -> None:
        """From now on, or instead of the one of that name. One that isn't enabled fires nothing; what it fired before
        is still delivered."""
        ...

    async def again(self, name: str, body: bytes) -> None:
        """Deliver ``body`` to the target of ``name``, like what is fired; durable when this returns."""
        ...

    def forget(self, name: str) -> None:
        """Fire and deliver this no more."""
        ...

    def drop_log(self, log: str) -> None:
        """Nobody fires into this log any more."""
        ...

    async def spent(self, names: Sequence[str]) -> list[str]:
        """Those of ``names`` that will never fire again, and of which everything that was fired is settled."""
        ...
