"""What the client counts, and to whom it tells it. Adapters for Prometheus and OpenTelemetry are beside this file."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Literal

Measure = Literal[
    "violations",
    "unknown",
    "deprecated",
    "published",
    "failed",
    "retries",
    "batch_entries",
    "seconds",
    "stale_contracts",
]
"""``violations``: puts refused because the detail broke its contract, or events that a handler refused. ``unknown``:
puts of events without a contract. ``deprecated``: puts of deprecated events. ``published``: entries that the server
acknowledged. ``failed``: entries given up. ``retries``: entries sent again. ``batch_entries``: of each request, its
entries. ``seconds``: of each published entry, from ``put`` to the acknowledgement. ``stale_contracts``: times when a
registry could not be reached and older contracts were used."""

Tell = Callable[[Measure, str, float], None]
"""``tell(measure, event, value)``: called for each observation, from the client's threads. ``event``: the DetailType,
``other`` for events without a contract (so that there are never more names than contracts), and empty where it says
nothing."""

_log = logging.getLogger(__name__)


class Tally:
    """Counts by measure and event, for a look from inside of the program; ``tell`` hears of each observation."""

    def __init__(self, tell: Tell | None = None) -> None:
        self._tell = tell
        self._counts: defaultdict[tuple[Measure, str], int] = defaultdict(int)
        self._sums: defaultdict[tuple[Measure, str], float] = defaultdict(float)
        self._lock = threading.Lock()

    def add(self, measure: Measure, event: str = "", value: float = 1) -> None:
        """One observation."""
        with self._lock:
            self._counts[measure, event] += 1
            self._sums[measure, event] += value
        if self._tell is not None:
            try:
                self._tell(measure, event, value)
            except Exception:  # noqa: BLE001 - a broken meter must not keep an event from being published
                _log.exception("the meter failed", extra={"measure": measure, "event": event})

    def count(self, measure: Measure, event: str | None = None) -> int:
        """The number of observations, of one event or of all."""
        with self._lock:
            return sum(n for (each, name), n in self._counts.items() if each == measure and event in (None, name))

    def total(self, measure: Measure, event: str | None = None) -> float:
        """The sum of the observed values."""
        with self._lock:
            return sum(n for (each, name), n in self._sums.items() if each == measure and event in (None, name))
