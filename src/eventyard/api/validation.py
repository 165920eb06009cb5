"""The pages on contracts at the broker: what each bus wants done about violations, and how many there were."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec

from eventyard.api.answers import JSON, answer, bus_of, may_see, read_object, routes, texts
from eventyard.bus import Directory
from eventyard.errors import InvalidRequest, NotFound
from eventyard.names import Arn
from eventyard.text import did_you_mean, printable
from eventyard.validation import MODES, Rules, Validation
from eventyard.wire import HttpRequest, HttpResponse, Route

_MEMBERS = ("bus", "account", "region", "registry", "mode", "events", "unknown", "queue")


class Validating:
    """What the page speaks of. ``has_queue``: whether there is one with that ARN. ``schemas_in``: the names in the
    registry with that ARN; None if there is none."""

    def __init__(
        self,
        validation: Validation,
        directory: Directory,
        has_queue: Callable[[str], bool],
        schemas_in: Callable[[str], Collection[str] | None],
    ) -> None:
        self._validation = validation
        self._directory = directory
        self._has_queue = has_queue
        self._schemas_in = schemas_in

    def routes(self) -> list[Route]:
        return routes(
            ("GET", "/_eventyard/validation", self.show),
            ("PUT", "/_eventyard/validation", self.set),
            ("DELETE", "/_eventyard/validation", self.unset),
        )

    async def show(self, request: HttpRequest) -> HttpResponse:
        """The rules of every bus, and the counts since the server started, by bus, contract, version, publisher."""
        rules = [
            {"bus": bus} | msgspec.to_builtins(each)
            for bus, each in self._validation.rules().items()
            if may_see(request, bus)
        ]
        counts = [
            msgspec.to_builtins(key) | msgspec.to_builtins(count) | {"violated": count.violated}
            for key, count in self._validation.tally.counts.items()
            if may_see(request, key.bus)
        ]
        return HttpResponse(200, JSON, msgspec.json.encode({"rules": rules, "counts": counts}))

    async def set(self, request: HttpRequest) -> HttpResponse:
        """Body: ``bus`` (with account, region), ``registry`` (a name or an ARN), ``mode`` for all events, ``events``
        (modes by detail-type), ``unknown`` for events without a contract, ``queue`` for what is quarantined."""
        asked = read_object(request.body)
        for name in asked:
            if name not in _MEMBERS:
                raise InvalidRequest(f"{name} is not known. Known are {', '.join(_MEMBERS)}.")
        bus = bus_of(request, texts(asked))
        if not self._directory.has_bus(bus):
            raise NotFound(f"Event bus {bus} does not exist.")
        rules = self._rules(bus, asked)
        await self._validation.set(bus, rules)
        return answer({"bus": bus} | msgspec.to_builtins(rules))

    async def unset(self, request: HttpRequest) -> HttpResponse:
        """Check nothing any more. Query: bus."""
        bus = bus_of(request)
        await self._validation.unset(bus)
        return answer({"bus": bus})

    def _rules(self, bus: str, asked: dict[str, Any]) -> Rules:
        registry = asked.get("registry")
        if not isinstance(registry, str) or not registry:
            raise InvalidRequest("Name the registry that holds the contracts.")
        home = Arn.parse(bus)
        if not registry.startswith("arn:") and home is not None:
            registry = f"arn:aws:schemas:{home.region}:{home.account}:registry/{registry}"
        there = self._schemas_in(registry)
        if there is None:
            raise NotFound(f"There is no registry {registry}. `eventyard contracts push` makes one.")
        events = asked.get("events") or {}
        if not isinstance(events, dict):
            raise InvalidRequest("events says a mode for each detail-type.")
        for mode in (asked.get("mode", "off"), asked.get("unknown", "off"), *events.values()):
            if mode not in MODES:
                raise InvalidRequest(f"A mode is one of {', '.join(MODES)}, not {mode!r}.")
        known = {name.partition("@")[2] for name in there}
        for name in events:
            if name not in known:
                hint = did_you_mean(name, known)
                raise NotFound(f"{printable(registry)} has no contract for an event {printable(name)}.{hint}")
        queue = asked.get("queue")
        if queue is not None and (not isinstance(queue, str) or not self._has_queue(queue)):
            raise NotFound(f"There is no queue {queue}.")
        return Rules(registry, asked.get("mode", "off"), events, asked.get("unknown", "off"), queue)
