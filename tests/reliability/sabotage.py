"""The product, spoilt on purpose: a server that breaks one promise, to prove that the harness would notice.

``SABOTAGE=acknowledge-before-commit python -m tests.reliability.sabotage serve ...``. Nothing of this is in the
product.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.archives.copier import Copied, Copier
from eventyard.archives.resources import Replay
from eventyard.bus.timetable import Timetable
from eventyard.cli import main
from eventyard.event import Event, new_ids
from eventyard.store import Record
from eventyard.stores.sqlite.log import SqliteLog
from eventyard.stores.sqlite.progress import SqliteProgress
from eventyard.target import DELIVERED, Delivery, Outcome
from eventyard.targets.queue import DeadLetters, QueueTarget

_LATE = 0.3
_pending: set[asyncio.Task[None]] = set()


def _later(work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    async def wait() -> None:
        await asyncio.sleep(_LATE)
        await work()

    task = asyncio.get_running_loop().create_task(wait())
    _pending.add(task)
    task.add_done_callback(_pending.discard)


def acknowledge_before_commit() -> None:
    """The log answers at once and writes 0.3 s later."""
    honest = SqliteLog.append

    async def append(self: SqliteLog, bus: str, events: Sequence[Event]) -> int:
        _later(lambda: honest(self, bus, events))
        return 1

    SqliteLog.append = append  # type: ignore[method-assign]


def settle_before_delivery() -> None:
    """Queue targets say "delivered" at once and send 0.3 s later."""
    honest = QueueTarget.deliver

    async def deliver(self: QueueTarget, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        _later(lambda: honest(self, batch))
        return [DELIVERED] * len(batch)

    QueueTarget.deliver = deliver  # type: ignore[method-assign]


def forget_what_is_deferred() -> None:
    """Deliveries that have to be tried again are written down 0.3 s after the position that passes over them."""
    honest = SqliteProgress.record

    async def record(self: SqliteProgress, record: Record) -> None:
        if record.deferred:
            deferred = Record(deferred=record.deferred)
            _later(lambda: honest(self, deferred))
            record = msgspec.structs.replace(record, deferred=())
        await honest(self, record)

    SqliteProgress.record = record  # type: ignore[method-assign]


def drop_dead_letters() -> None:
    """Every tenth dead letter is not sent."""
    honest, count = DeadLetters.send, itertools.count()

    async def send(self: DeadLetters, arn: str, payload: bytes, attributes: Mapping[str, str]) -> bool:
        return next(count) % 10 == 9 or await honest(self, arn, payload, attributes)

    DeadLetters.send = send  # type: ignore[method-assign]


def _spoil_moments(spoil: Callable[[tuple[tuple[str, int], ...]], tuple[tuple[str, int], ...]]) -> None:
    honest = Timetable._intend

    def intend(self: Timetable, name: str, now: int) -> bool:
        due = honest(self, name, now)
        if due:
            mark = self._marks[name]
            self._marks[name] = msgspec.structs.replace(mark, pending=spoil(mark.pending))
        return due

    Timetable._intend = intend  # type: ignore[method-assign]


def fire_twice() -> None:
    """Each moment gets two events."""
    _spoil_moments(lambda pending: (*pending, *((new_ids(1, 0)[0], moment) for _, moment in pending)))


def skip_moments() -> None:
    """What is due at an even second is noted as fired, and is not."""
    _spoil_moments(lambda pending: tuple(each for each in pending if each[1] // 1000 % 2))


def skip_in_replays() -> None:
    """After each stretch that is copied, the next twenty events are passed over."""
    honest = Copier.copy

    async def copy(self: Copier, replay: Replay) -> Copied:
        copied = await honest(self, replay)
        return msgspec.structs.replace(copied, cursor=copied.cursor + 20)

    Copier.copy = copy  # type: ignore[method-assign]


SABOTAGES = {
    "acknowledge-before-commit": acknowledge_before_commit,
    "settle-before-delivery": settle_before_delivery,
    "forget-what-is-deferred": forget_what_is_deferred,
    "drop-dead-letters": drop_dead_letters,
    "fire-twice": fire_twice,
    "skip-moments": skip_moments,
    "skip-in-replays": skip_in_replays,
}

if __name__ == "__main__":
    SABOTAGES[os.environ["SABOTAGE"]]()
    main()
