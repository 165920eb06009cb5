"""``SyncEventClient``: the same client for programs without an event loop, from any of their threads."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Self, TypeVar, Unpack

from eventyard.client.admission import Draft, More
from eventyard.client.client import EventClient
from eventyard.client.entry import Admitted
from eventyard.errors import Conflict, EventyardError

Found = TypeVar("Found")


class SyncEventClient:
    """An :class:`EventClient` on an event loop in a thread of its own, so that puts of many threads share requests. It
    takes the same arguments and raises the same errors."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._client = EventClient(*args, **options)
        self.tally = self._client.tally
        self.backoff = self._client.backoff
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="eventyard-client", daemon=True)
        self._thread.start()
        self._process = os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def put(self, event: str, detail: Any, **more: Unpack[More]) -> str:
        """As :meth:`EventClient.put`."""
        draft = Draft(event, detail, **more)
        return self._wait(lambda: self._client.publish(draft))

    def submit(self, draft: Draft) -> Future[str]:
        """Begin to publish, and answer a future of the id: for a thread that has more to put before it waits."""
        return self._begin(lambda: self._client.publish(draft))

    def put_many(self, events: Iterable[Draft | tuple[str, Any]]) -> list[str]:
        """As :meth:`EventClient.put_many`."""
        drafts = list(events)
        return self._wait(lambda: self._client.put_many(drafts))

    def send(self, admitted: Sequence[Admitted]) -> list[str | EventyardError]:
        """As :meth:`EventClient.send`."""
        return self._wait(lambda: self._client.send(admitted))

    def admit(self, draft: Draft) -> Admitted:
        """As :meth:`EventClient.admit`."""
        return self._client.admit(draft)

    def flush(self) -> None:
        """As :meth:`EventClient.flush`."""
        self._wait(self._client.flush)

    def close(self, seconds: float | None = None) -> None:
        """As :meth:`EventClient.close`. Closing again does nothing."""
        if self._loop.is_closed():
            return
        self._in_own_process()
        try:
            self._wait(lambda: self._client.close(seconds))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _wait(self, work: Callable[[], Awaitable[Found]]) -> Found:
        future = self._begin(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # of no effect but when the waiting thread is interrupted
            raise

    def _begin(self, work: Callable[[], Awaitable[Found]]) -> Future[Found]:
        if self._loop.is_closed():
            raise Conflict("The client is closed.", "Closed")
        self._in_own_process()

        async def run() -> Found:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _in_own_process(self) -> None:
        if os.getpid() != self._process:
            raise Conflict("The client was made before this process was forked: make one here.", "Forked")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
