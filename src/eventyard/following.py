"""Following a bus: the contract between who shows events to people and tests, and who has them."""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from eventyard.event import Event
from eventyard.pattern import Pattern


class Lost(msgspec.Struct, frozen=True):
    """Retention took the events ``first`` to ``last`` before they were read."""

    first: int
    last: int


class Follower(Protocol):
    """Gets what matches on one bus from a position on, without gaps, at its own pace."""

    position: int
    """Everything up to here was handed over or does not match."""
    lost: Lost | None
    """The last stretch that retention took; whoever has told of it sets it to None."""

    @property
    def behind(self) -> int:
        """How many positions it has still to look at because it was too slow for the live ones, else 0."""
        ...

    async def take(self, limit: int, patience: float) -> list[tuple[int, Event]]:
        """Up to ``limit`` events, in order; none if there were none for ``patience`` seconds, or all is ending."""
        ...


F = TypeVar("F", bound=Follower)


class Following(Protocol[F]):
    """Everybody who follows."""

    @property
    def ended(self) -> bool:
        """Whether the server is about to stop."""
        ...

    def follow(self, bus: str, pattern: Pattern | None, after: int | None) -> F:
        """A follower of ``bus`` that begins above position ``after``; with None, with what comes from now on. To be
        handed to :meth:`leave`."""
        ...

    def leave(self, follower: F) -> None:
        """It is needed no more; its ``take`` returns."""
        ...

    async def locate(self, bus: str, since: int) -> int:
        """The position below the first event published at or after ``since`` (ms)."""
        ...

    def head(self, bus: str) -> int:
        """The position of the newest event."""
        ...
