"""What each standard queue's claims know of noisy groups: looked up rarely where it takes long, and never for queues
without groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec
import orjson

from eventyard.stores.fairness import noisy_groups
from eventyard.stores.sqlite.statements import fetch, statement

#: So many claimed messages are counted for a millisecond until they are counted again: some 5 % of the time.
_COUNTED = 50
_LONGEST = 5_000
#: So many waiting messages are passed over at once in the search for one of a quiet group; the next claim goes on.
_FAR = 20_000


class Crowd(msgspec.Struct):
    """``noisy``: groups with how many of their messages are claimed. ``quiet``: no message up to this sequence number
    that was never claimed is of another group."""

    noisy: dict[str, int]
    until: int
    quiet: int = 0


class Crowds:
    """By queue."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._known: dict[str, Crowd | None] = {}

    def met(self, queue: str, groups: Sequence[str | None]) -> None:
        """Messages of these groups were claimed."""
        if self._known.get(queue) is None and any(group is not None for group in groups):
            self._known[queue] = Crowd({}, 0)

    def forget(self, queue: str | None = None) -> None:
        """The queue, or everything, is as new."""
        if queue is None:
            self._known.clear()
        else:
            self._known.pop(queue, None)

    def of(self, queue: str, n: int, now: int) -> Crowd | None:
        """The crowd of a queue that has noisy groups; None for all others. What was claimed before the start is asked
        for at the first claim."""
        if queue not in self._known:
            self._known[queue] = Crowd({}, 0)
        crowd = self._known[queue]
        if crowd is None:
            return None
        if not 0 < crowd.until - now <= _LONGEST:  # also where the clock was put back
            counts = dict(fetch(self._connection, statement("queues", "crowds", n), (now,)))
            if not counts:
                self._known[queue] = None
                return None
            total = fetch(self._connection, statement("queues", "hidden", n), (now,))[0][1]
            noisy = noisy_groups(counts, total)
            if noisy.keys() != crowd.noisy.keys():
                crowd.quiet = 0
            crowd.noisy, crowd.until = noisy, now + min(total // _COUNTED, _LONGEST)
        return crowd if crowd.noisy else None

    def quiet(self, crowd: Crowd, n: int, after: int, limit: int) -> list[Any]:
        """Messages of quiet groups that were never claimed, the oldest first, behind the sequence number ``after``."""
        start = max(after, crowd.quiet)
        names = orjson.dumps([*crowd.noisy]).decode()
        found = fetch(self._connection, statement("queues", "fresh_quiet", n), (start, start + _FAR, names, limit))
        if len(found) < limit:
            last = fetch(self._connection, statement("queues", "last", n))
            crowd.quiet = min(start + _FAR, last[0][0]) if last else start
        return found

    def returned(self, crowd: Crowd, n: int, now: int, limit: int) -> list[Any]:
        """Messages of quiet groups that came back, the first first."""
        names = orjson.dumps([*crowd.noisy]).decode()
        return fetch(self._connection, statement("queues", "returned_quiet", n), (now, names, limit))
