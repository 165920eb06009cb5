"""An idempotency store in memory, for one process."""

from __future__ import annotations

import secrets
import threading

from eventyard.client.idempotency.store import Busy, Done, Mine
from eventyard.clock import Clock, SystemClock

_FEW = 1000


class MemoryStore:
    """Forgets everything when the process ends, and by itself what need not be remembered any longer."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        #: By key: until when, whose it is, and the result once it is done.
        self._rows: dict[str, tuple[float, str, bytes | None]] = {}
        self._lock = threading.Lock()
        self._cleaned_at = _FEW

    def begin(self, key: str, lease: float) -> Mine | Done | Busy:
        now = self._clock.now()
        with self._lock:
            row = self._rows.get(key)
            if row is not None and row[0] > now:
                return Busy() if row[2] is None else Done(row[2])
            if len(self._rows) >= self._cleaned_at:
                self._forget(now)
                self._cleaned_at = max(_FEW, 2 * len(self._rows))
            token = secrets.token_hex(16)
            self._rows[key] = (now + lease * 1000, token, None)
            return Mine(token)

    def finish(self, key: str, token: str, result: bytes, keep: float) -> bool:
        with self._lock:
            row = self._rows.get(key)
            if row is None or row[1] != token or row[2] is not None:
                return False
            self._rows[key] = (self._clock.now() + keep * 1000, token, result)
            return True

    def give_up(self, key: str, token: str) -> None:
        with self._lock:
            row = self._rows.get(key)
            if row is not None and row[1] == token and row[2] is None:
                del self._rows[key]

    def forget(self) -> int:
        with self._lock:
            return self._forget(self._clock.now())

    def _forget(self, now: int) -> int:
        past = [key for key, row in self._rows.items() if row[0] <= now]
        for key in past:
            del self._rows[key]
        return len(past)
