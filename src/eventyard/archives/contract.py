"""What archives and replays need of the bus: to record what it receives, and to play events to its rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Recorder(Protocol):
    """Records events of a bus, but not those that were replayed, into a log that nobody else uses."""

    def keep(self, log: str, bus: str, pattern: str | None, age: int | None) -> None:
        """From now on record what ``bus`` receives and ``pattern`` matches, or do it by these terms from now on.
        ``age``: forget it after so many ms; None keeps it for ever."""
        ...

    def forget(self, log: str) -> None:
        """Record into ``log`` no more, and empty it some time soon."""
        ...

    def reached(self, log: str, bus: str, position: int) -> bool:
        """Whether what ``bus`` has up to ``position`` is in ``log``, except for what is being tried again."""
        ...


class Player(Protocol):
    """Plays what is appended to a log to the targets of a bus's rules, with their retries and dead-letter queues."""

    def open(self, log: str, bus: str, rules: Sequence[str]) -> None:
        """Whatever is appended to ``log`` goes to the rules of ``bus`` with these ARNs, to all of them if there are
        none, as they are at the time. After a restart it goes on from where it was."""
        ...

    def waiting(self, log: str, last: int) -> int:
        """How many events of ``log``, up to position ``last``, have not been tried yet; at most, and roughly."""
        ...

    async def settled(self, log: str, last: int) -> bool:
        """Whether nothing of ``log`` up to position ``last`` is waiting or has to be tried again."""
        ...

    def close(self, log: str) -> None:
        """Play from ``log`` no more, and empty it some time soon."""
        ...
