"""The product, spoilt on purpose: a server that breaks one promise, to prove that the harness would notice.

``SABOTAGE=acknowledge-before-commit python -m tests.reliability.sabotage serve ...``. Nothing of this is in the
product.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from eventyard.cli import main
from eventyard.event import Event
from eventyard.stores.sqlite.log import SqliteLog
from eventyard.target import DELIVERED, Delivery, Outcome
from eventyard.targets.queue import QueueTarget

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


SABOTAGES = {
    "acknowledge-before-commit": acknowledge_before_commit,
    "settle-before-delivery": settle_before_delivery,
}

if __name__ == "__main__":
    SABOTAGES[os.environ["SABOTAGE"]]()
    main()
