"""Work that is done again and again as long as the server runs, whatever goes wrong. Knows not what the work is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Never

import structlog

from eventyard.clock import Clock
from eventyard.errors import EventyardError

log = structlog.get_logger("chore")


async def every(seconds: float, clock: Clock, work: Callable[[], Awaitable[Any]], complaint: str) -> Never:
    """Wait ``seconds``, do ``work``, and so on until cancelled. When ``work`` fails, say ``complaint`` and go on."""
    while True:
        await clock.sleep(seconds)
        try:
            await work()
        except EventyardError as error:
            log.warning(complaint, reason=error.message)
        except Exception:  # a fault in one round must not end all rounds to come: say it, and try again
            log.exception(complaint)
