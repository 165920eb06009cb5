"""What an idempotency store promises."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Mine(msgspec.Struct, frozen=True):
    """It is the caller's to do now. ``token``: tells this attempt from others."""

    token: str


class Done(msgspec.Struct, frozen=True):
    """It was done. ``result``: what was answered then, as JSON."""

    result: bytes


class Busy(msgspec.Struct, frozen=True):
    """Somebody else is doing it."""


class Store(Protocol):
    """Remembers what was done, by key. For any thread. All times are seconds from now, by the store's own clock."""

    def begin(self, key: str, lease: float) -> Mine | Done | Busy:
        """Of all who begin at once, one gets Mine; the others Busy, until it is finished, given up, or ``lease`` is
        over."""
        ...

    def finish(self, key: str, token: str, result: bytes, keep: float) -> bool:
        """Done, to be remembered for ``keep``. False, and nothing changes, if the lease was over and another has it."""
        ...

    def give_up(self, key: str, token: str) -> None:
        """Not done: the next who begins gets it. Nothing changes if another has it."""
        ...

    def forget(self) -> int:
        """Delete what need not be remembered any longer; how much that was."""
        ...
