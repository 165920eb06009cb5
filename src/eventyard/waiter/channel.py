"""What one subscription has received: filled by the connection's thread, emptied by the test's, bounded by credit."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future

from eventyard.waiter.event import Event

CREDIT = 1_000
"""So many events wait here at most; the others wait in the server's log."""


class Channel:
    """``after``: where the subscription began. ``position``: up to where everything has arrived here."""

    def __init__(self, id: str, asked: dict[str, object]) -> None:
        self.id = id
        self.asked = asked
        self.bus = ""
        self.after = 0
        self.position = 0
        self.head = 0
        self.failure: BaseException | None = None
        self._lock = threading.Lock()
        self._events: deque[Event] = deque()
        self._used = 0
        self._waiting: Future[None] | None = None

    # In the connection's thread

    def begin(self, bus: str, position: int, head: int, anew: bool) -> None:
        """The server has subscribed, for the first time or again."""
        with self._lock:
            if not self.bus or anew:
                self.bus, self.after, self.position = bus, position, position
            self.head = head

    def put(self, events: list[Event], position: int) -> None:
        with self._lock:
            self._events.extend([event for event in events if event.position > self.position])
            self.position = max(self.position, position)
            self._wake()

    def fail(self, error: BaseException) -> None:
        """Nothing more will come. The first reason counts."""
        with self._lock:
            self.failure = self.failure or error
            self._wake()

    @property
    def credit(self) -> int:
        """How many more events there is room for."""
        with self._lock:
            return max(1, CREDIT - len(self._events))

    # In the test's

    def take(self) -> Event | None:
        """The next event, if it is here. Raises what the subscription failed with once all before it is taken."""
        with self._lock:
            if self._events:
                self._used += 1
                return self._events.popleft()
            if self.failure is not None:
                raise self.failure
            return None

    def used(self) -> int:
        """How much credit to give back now: 0, or enough to be worth a message."""
        with self._lock:
            if self._used < CREDIT // 2:
                return 0
            used, self._used = self._used, 0
            return used

    def arrival(self) -> Future[None]:
        """Done when there may be something to take."""
        with self._lock:
            waiting: Future[None] = Future()
            if self._events or self.failure is not None:
                waiting.set_result(None)
            else:
                self._waiting = waiting
            return waiting

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.set_running_or_notify_cancel():
            waiting.set_result(None)
