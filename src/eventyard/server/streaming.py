"""The streams of a house and all that reads them: queues on streams, Firehose, channels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from eventyard.bus import Engine, Retention
from eventyard.clock import Clock
from eventyard.firehose import Channels, Hoses
from eventyard.server.stream_feeds import StreamFeeds
from eventyard.settings import Settings
from eventyard.store import Store
from eventyard.streams import Commitments, Limits, Queues, Reading, Streams
from eventyard.vault import Vault


class Streaming:
    """``root``: the directory that files are written under, if there is one. ``ask``: has a function answer, for
    records that are transformed before they are written."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        root: Path | None,
        clock: Clock,
        vault: Vault,
        engine: Engine,
        ask: Callable[[str, bytes], Awaitable[bytes]],
    ) -> None:
        logs = _Logs(engine)
        limits = Limits(clock) if settings.stream_limits else None
        self.streams = Streams(store.log, store.catalog, clock, logs, vault, limits)
        self.commitments = Commitments(store.catalog, clock)
        self.queues = Queues(self.streams, store.log, store.queues, store.progress, clock)
        self.reading = Reading(self.streams, store.log, clock)
        feeds = StreamFeeds(self.streams, self.reading)
        files = None if root is None else root / "firehose"
        self.hoses = Hoses(store.log, store.catalog, store.progress, clock, logs, vault, feeds, ask, files)
        self.channels = Channels(store.catalog, store.progress, clock, feeds, files)
        self.streams.hold(self.channels.count)

    async def load(self) -> None:
        """Bring all back, before the engine starts."""
        await self.streams.load()
        await self.queues.load()
        await self.commitments.load()
        await self.hoses.load()
        await self.channels.load()

    def leave(self) -> None:
        """Answer those who wait for records. Firehose and channels are closed one by one, in the house's order."""
        self.streams.close()
        self.queues.close()


class _Logs:
    """Tells the engine which logs belong to streams, and how long (ms, or for ever) they keep their records. Nobody
    subscribes to them, so they pass no router."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.drop = engine.drop_log

    def keep(self, name: str, age: int | None) -> None:
        self._engine.keep_log(name, Retention(age=age), routed=False)
