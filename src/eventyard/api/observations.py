"""The page on what has really been published: which events a log holds, counted when somebody asks."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.api.answers import answer, number, routes
from eventyard.api.logs import Logs
from eventyard.clock import Clock
from eventyard.detail import deeply
from eventyard.store import EventLog
from eventyard.wire import HttpRequest, HttpResponse, Route

_READ = 500
_LATEST = 1 << 52
_MOST = 1_000_000


class _Kind(msgspec.Struct):
    source: str
    detail_type: str = msgspec.field(name="detail-type")


class _Count(msgspec.Struct):
    first: int
    last: int
    count: int = 0


_decode = msgspec.json.Decoder(_Kind).decode


class Observations:
    """What the page speaks of. It reads the log in small parts, so that requests of others come in between."""

    def __init__(self, logs: Logs, eventlog: EventLog, clock: Clock) -> None:
        self._logs = logs
        self._log = eventlog
        self._clock = clock

    def routes(self) -> list[Route]:
        return routes(("GET", "/_eventyard/observed", self.observed))

    async def observed(self, request: HttpRequest) -> HttpResponse:
        """How many events of each source and type a bus or an archive has, and when the first and the last came. Query:
        bus or archive, since and until (ms; when they were received), limit (of events that are looked at; what is
        beyond is left out, and ``complete`` is false)."""
        log = self._logs.of(request)
        since, until = number(request.query, "since", 0, _LATEST) or 0, number(request.query, "until", 0, _LATEST)
        limit = number(request.query, "limit", 1, _MOST) or 100_000
        counts, seen, complete = await self._count(log, since, self._clock.now() if until is None else until, limit)
        events = [
            {"source": source, "detail_type": kind, "count": one.count, "first": one.first, "last": one.last}
            for (source, kind), one in sorted(counts.items())
        ]
        return answer({"log": log.partition("#")[0], "seen": seen, "complete": complete, "events": events})

    async def _count(
        self, log: str, since: int, until: int, limit: int
    ) -> tuple[dict[tuple[str, str], _Count], int, bool]:
        counts: dict[tuple[str, str], _Count] = {}
        seen, position = 0, await self._log.locate(log, since) - 1
        while rows := await self._log.read(log, position, _READ):
            position = rows[-1][0]
            for _, event in rows:
                if event.ingested > until:
                    return counts, seen, True
                if seen == limit:
                    return counts, seen, False
                seen += 1
                kind: Any = deeply(_decode, event.body)
                key = (kind.source, kind.detail_type)
                one = counts.setdefault(key, _Count(event.ingested, event.ingested))
                one.count += 1
                one.last = event.ingested
        return counts, seen, True
