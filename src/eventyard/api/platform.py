"""The platform's own pages: health, metrics, fates, the live tail, the reset of a development server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from eventyard.api.answers import JSON, answer, bus_of, may_see, number, on_one_line, routes
from eventyard.bus import Directory, Engine
from eventyard.errors import InvalidRequest, NotFound
from eventyard.pattern import Pattern, parse
from eventyard.store import Progress
from eventyard.wire import HttpRequest, HttpResponse, Route

_OUTCOMES = ("delivered", "retrying", "dead-lettered", "dropped", "expired", "matched", "unmatched")


class Platform:
    """What the pages speak of. ``ready``: whether requests should be sent here. ``reset``: None refuses it."""

    def __init__(
        self,
        directory: Directory,
        engine: Engine,
        metrics: Sequence[Collector],
        progress: Progress,
        ready: Callable[[], bool],
        reset: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._directory = directory
        self._engine = engine
        self._progress = progress
        self._ready = ready
        self._reset = reset
        self._metrics = CollectorRegistry()
        for each in metrics:
            self._metrics.register(each)

    def routes(self) -> list[Route]:
        """Every page, ready to be handed to the wire."""
        return routes(
            ("GET", "/healthz", self.healthz),
            ("GET", "/readyz", self.readyz),
            ("GET", "/metrics", self.metrics),
            ("GET", "/_eventyard/fates", self.fates),
            ("GET", "/_eventyard/tail", self.tail),
            ("POST", "/_eventyard/reset", self.reset),
        )

    async def healthz(self, request: HttpRequest) -> HttpResponse:
        """200 as long as the process can answer."""
        return answer({"status": "ok"})

    async def readyz(self, request: HttpRequest) -> HttpResponse:
        """200 while requests should be sent here, 503 before and during shutdown."""
        return answer({"status": "ready"}) if self._ready() else answer({"status": "not ready"}, 503)

    async def metrics(self, request: HttpRequest) -> HttpResponse:
        """Prometheus's text format."""
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return HttpResponse(200, {"content-type": kind}, generate_latest(self._metrics))

    async def fates(self, request: HttpRequest) -> HttpResponse:
        """What became of events; the newest first. Query: event, bus, subscriber, outcome, limit (1000 at most)."""
        query = request.query
        outcome = query.get("outcome")
        if outcome is not None and outcome not in _OUTCOMES:
            raise InvalidRequest(f"outcome must be one of {', '.join(_OUTCOMES)}, not {outcome!r}.")
        limit = number(query, "limit", 1, 1000) or 100
        found = await self._progress.fates(
            bus=bus_of(request) if "bus" in query else None,
            event_id=query.get("event"),
            subscriber=query.get("subscriber"),
            outcome=outcome,  # type: ignore[arg-type]  # checked above
            limit=limit,
        )
        seen = [fate for fate in found if may_see(request, fate.bus)]
        return HttpResponse(200, JSON, msgspec.json.encode({"fates": seen}))

    async def tail(self, request: HttpRequest) -> HttpResponse:
        """A line of JSON for each event as it is published, with the rules that match it. Query: bus, pattern, since
        (ms since the epoch)."""
        text = request.query.get("pattern")
        pattern = parse(text) if text else None
        since = request.query.get("since")
        if since is not None and not since.isdecimal():
            raise InvalidRequest(f"since must be a number of milliseconds since the epoch, not {since!r}.")
        bus = bus_of(request)
        if self._directory.bus(bus) is None:
            raise NotFound(f"Event bus {bus} does not exist.")
        kind = {"content-type": "application/x-ndjson"}
        return HttpResponse(200, kind, self._lines(bus, pattern, None if since is None else int(since)))

    async def reset(self, request: HttpRequest) -> HttpResponse:
        """Wipe all state (development servers only)."""
        if self._reset is None:
            raise InvalidRequest("Only a development server (`eventyard dev`) can be reset.")
        await self._reset()
        return answer({"status": "reset"})

    async def _lines(self, bus: str, pattern: Pattern | None, since: int | None) -> AsyncIterator[bytes]:
        yield b"\n"  # tells the client that from here on nothing is missed
        async for item in self._engine.followers.tail(bus, pattern, since):
            if item is None:
                yield b"\n"
                continue
            position, event = item
            rules = msgspec.json.encode(self._engine.rules_of(bus, event))
            yield b'{"position":%d,"rules":%b,"event":%b}\n' % (
                position,
                rules,
                on_one_line(event.body),
            )
