"""Why events do not match: one rule against one event, an event's nearest rules, a rule's recent near misses."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.api.answers import JSON, bus_of, read_object, routes, texts
from eventyard.api.lookup import find_event
from eventyard.bus import Directory
from eventyard.detail import deeply
from eventyard.errors import InvalidRequest, NotFound
from eventyard.event import Event
from eventyard.pattern import Explanation, Pattern, explain, parse
from eventyard.store import EventLog
from eventyard.wire import HttpRequest, HttpResponse, Route

_MOST_RULES, _MOST_MISSES = 10, 10
_LOOK, _MOST_LOOK = 1_000, 10_000

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Explaining:
    """What the page speaks of."""

    def __init__(self, directory: Directory, eventlog: EventLog) -> None:
        self._directory = directory
        self._log = eventlog

    def routes(self) -> list[Route]:
        return routes(("POST", "/_eventyard/explain", self.explain))

    async def explain(self, request: HttpRequest) -> HttpResponse:
        """Body: ``event`` (whole) or ``event_id``, and ``rule`` (with bus, account, region) or ``pattern``: whether it
        matches and why not. Without rule and pattern: the nearest rules of the bus. Without event: which of the newest
        events of the bus (``look``: how many) came nearest to the rule."""
        asked = read_object(request.body)
        # Their own texts, because how a number is written counts.
        given = deeply(_members, request.body)
        bus = bus_of(request, texts(asked))
        pattern = self._pattern(bus, asked, given)
        body = await self._event(bus, asked, given)
        if body is None and pattern is None:
            raise InvalidRequest('The body needs an "event" or "event_id", or a "rule" or "pattern", or both.')
        if pattern is None:
            found: Any = {"rules": self._nearest_rules(bus, body or b"")}
        elif body is None:
            found = await self._near_misses(bus, pattern, _number(asked))
        else:
            found = _told(explain(pattern, body))
        return HttpResponse(200, JSON, _encode(found))

    def _nearest_rules(self, bus: str, body: bytes) -> list[dict[str, Any]]:
        told = []
        for rule in self._directory.all_rules():
            if rule.bus == bus and rule.pattern is not None:
                why = explain(parse(rule.pattern), body)
                told.append((_distance(why), rule.name, why, rule.enabled))
        told.sort(key=lambda one: one[:2])
        return [{"rule": name, "enabled": enabled} | _told(why) for _, name, why, enabled in told[:_MOST_RULES]]

    async def _near_misses(self, bus: str, pattern: Pattern, look: int) -> dict[str, Any]:
        """Of the newest ``look`` events those that came nearest; the newest first where they are alike."""
        bounds = (await self._log.bounds()).get(bus)
        position = max(bounds.last - look, 0) if bounds else 0
        looked = matched = 0
        misses: list[tuple[float, int, Explanation, Event]] = []
        while looked < look and (rows := await self._log.read(bus, position, 500)):
            for position, event in rows:
                looked += 1
                why = explain(pattern, event.body)
                if why.matched:
                    matched += 1
                else:
                    misses.append((_distance(why), -position, why, event))
            misses = sorted(misses, key=lambda one: one[:2])[:_MOST_MISSES]
        return {
            "looked": looked,
            "matched": matched,
            "misses": [
                {"position": -at, "event": msgspec.Raw(event.body)} | _told(why) for _, at, why, event in misses
            ],
        }

    async def _event(self, bus: str, asked: dict[str, Any], given: dict[str, msgspec.Raw]) -> bytes | None:
        event_id = asked.get("event_id")
        if isinstance(event_id, str):
            return await self._by_id(bus, event_id)
        if "event" not in asked:
            return None
        if not isinstance(asked["event"], dict):
            raise InvalidRequest('"event" is a whole event as a JSON object.')
        return bytes(given["event"])

    async def _by_id(self, bus: str, event_id: str) -> bytes:
        """The event as it was published. Raises NotFound."""
        found = await find_event(self._log, bus, event_id)
        if found is not None:
            return found[1].body
        raise NotFound(f"{bus} has no event {event_id}, or no more.")

    def _pattern(self, bus: str, asked: dict[str, Any], given: dict[str, msgspec.Raw]) -> Pattern | None:
        if "pattern" in asked:
            said = asked["pattern"]
            return parse(said if isinstance(said, str) else bytes(given["pattern"]).decode())
        name = asked.get("rule")
        if name is None:
            return None
        if not isinstance(name, str):
            raise InvalidRequest('"rule" is the name of a rule.')
        rule = self._directory.rule(bus, name)
        if rule is None:
            raise NotFound(f"Rule {name} does not exist on {bus}.")
        if rule.pattern is None:
            raise InvalidRequest(f"Rule {name} has a schedule and no event pattern.")
        return parse(rule.pattern)


def _distance(why: Explanation) -> float:
    """How far an event is from matching: 0 if it does, else above 0."""
    return 0.0 if why.matched else (why.conditions - why.held) / max(why.conditions, 1) + 1e-9


def _told(why: Explanation) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(why)
    return told | {"text": str(why), "would": why.would}


def _number(asked: dict[str, Any]) -> int:
    look = asked.get("look", _LOOK)
    if type(look) is not int or not 1 <= look <= _MOST_LOOK:
        raise InvalidRequest(f"look must be a number from 1 to {_MOST_LOOK}, not {look!r}.")
    return look
