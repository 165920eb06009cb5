"""Pages on what was published before: events of the past, one event's whole story, and delivering events again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import orjson

from eventyard.api.answers import JSON, answer, bus_of, may_see, number, on_one_line, read_object, routes, texts
from eventyard.api.logs import Logs
from eventyard.api.lookup import find_event
from eventyard.bus import Directory, Redelivery
from eventyard.clock import Clock
from eventyard.detail import deeply
from eventyard.errors import InvalidRequest, NotFound
from eventyard.event import Event, envelope, iso_seconds, new_ids, with_replay_name
from eventyard.pattern import Pattern, matches, parse
from eventyard.store import Attempt, Deferred, EventLog, Fate, Progress
from eventyard.wire import HttpRequest, HttpResponse, Route

_READ = 500
_LATEST = 1 << 52
_MOST_AGAIN = 100
_HEAD = b'{"version":"0","id":"'
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLAIN = re.compile(r"[A-Za-z0-9:.+\-]*")


class _Envelope(msgspec.Struct):
    """An event as somebody gives it, with its detail's own text."""

    id: str
    detail_type: str = msgspec.field(name="detail-type")
    source: str
    detail: msgspec.Raw
    account: str = ""
    time: str = ""
    region: str = ""
    resources: list[str] = []


_decode = msgspec.json.Decoder(_Envelope).decode


class History:
    """What the pages speak of."""

    def __init__(
        self,
        directory: Directory,
        logs: Logs,
        eventlog: EventLog,
        progress: Progress,
        redelivery: Redelivery,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._logs = logs
        self._log = eventlog
        self._progress = progress
        self._redelivery = redelivery
        self._clock = clock

    def routes(self) -> list[Route]:
        """Every page, ready to be handed to the wire."""
        return routes(
            ("GET", "/_eventyard/events", self.events),
            ("GET", "/_eventyard/story", self.story),
            ("POST", "/_eventyard/redeliver", self.redeliver),
        )

    async def events(self, request: HttpRequest) -> HttpResponse:
        """A line of JSON for each event that a bus still has, or an archive. Query: bus or archive, pattern, since
        and until (ms; when it was received), limit."""
        query = request.query
        log, text = self._logs.of(request), query.get("pattern")
        pattern = parse(text) if text else None
        since, until = number(query, "since", 0, _LATEST), number(query, "until", 0, _LATEST)
        limit = number(query, "limit", 1, 1_000_000) or 1_000
        lines = self._lines(log, pattern, since or 0, until or self._clock.now(), limit)
        return HttpResponse(200, {"content-type": "application/x-ndjson"}, lines)

    async def story(self, request: HttpRequest) -> HttpResponse:
        """All that is known of one event. Query: event (its id). ``matching``: the rules that match it now, by bus;
        ``idle``: those of them without a target."""
        event_id = request.query.get("event")
        if not event_id:
            raise InvalidRequest('The query needs an "event": the id of the event.')
        fates = await self._progress.fates(event_id=event_id, limit=1_000)
        fates = [fate for fate in fates if may_see(request, fate.bus)]
        deliveries = [fate for fate in reversed(fates) if fate.subscriber and _is_rule(fate)]
        found = [one for one in await self._search(event_id) if may_see(request, one["log"])]
        tries = await self._progress.attempts(event_id)
        received = [one for one in found if ":event-bus/" in one["log"]]
        matching = {one["log"]: self._redelivery.rules(one["log"], Event(bytes(one["event"]), 0)) for one in received}
        if not received and not fates:
            raise NotFound(f"No event {event_id} is known here: it was never received, or is older than is kept.")
        return HttpResponse(
            200,
            JSON,
            msgspec.json.encode(
                {
                    "id": event_id,
                    "received": received,
                    "archived": [one["log"].partition("#")[0] for one in found if ":archive/" in one["log"]],
                    "deliveries": [await self._delivery(fate, tries) for fate in deliveries],
                    "matching": matching,
                    "idle": [
                        rule
                        for log, rules in matching.items()
                        for rule in rules
                        if not self._directory.targets(log, rule)
                    ],
                }
            ),
        )

    async def redeliver(self, request: HttpRequest) -> HttpResponse:
        """Deliver events again. Body: events (each the text of a whole event), bus, rule (only to this one), target
        (only to this target, by id or ARN, of whatever rule has it), name (for ``replay-name``), force (the rule need
        not match), dry_run. Answers how many events each rule gets, and how many nobody gets."""
        asked = read_object(request.body)
        bus, rule, target = bus_of(request, texts(asked)), asked.get("rule"), asked.get("target")
        given, name = asked.get("events"), asked.get("name")
        if not all(each is None or isinstance(each, str) for each in (rule, target, name)):
            raise InvalidRequest("The rule, the target and the name must be texts.")
        if not isinstance(given, list) or not 1 <= len(given) <= _MOST_AGAIN:
            raise InvalidRequest(f'The body needs "events": 1 to {_MOST_AGAIN} texts, each a whole event.')
        if not self._directory.has_bus(bus):
            raise NotFound(f"Event bus {bus} does not exist.")
        if rule is not None and self._directory.rule(bus, rule) is None:
            raise NotFound(f"Rule {rule} does not exist on {bus}.")
        able = {each.name for each in self._directory.rules(bus) if self._reaches(bus, each.name, target)}
        if target is not None and not (able if rule is None else able & {rule}):
            raise NotFound(f"Rule {rule} has no target {target}." if rule else f"No rule of {bus} has target {target}.")
        events = [self._event(text, name) for text in given]
        plan: dict[str, list[Event]] = {}
        nobody = 0
        for event in events:
            rules = [rule] if rule is not None and asked.get("force") else self._redelivery.rules(bus, event)
            rules = [each for each in rules if rule in (None, each) and each in able]
            nobody += not rules
            for each in rules:
                plan.setdefault(each, []).append(event)
        if not asked.get("dry_run"):
            for each, chosen in plan.items():
                await self._redelivery.deliver(bus, each, chosen, target)
        return answer({"rules": {each: len(chosen) for each, chosen in plan.items()}, "nobody": nobody})

    # --- inside -----------------------------------------------------------------------------------------------------

    def _reaches(self, bus: str, rule: str, target: str | None) -> bool:
        """Whether a rule has that target, or one at all."""
        return any(target in (None, spec.id, spec.arn) for spec in self._directory.targets(bus, rule))

    async def _lines(
        self, log: str, pattern: Pattern | None, since: int, until: int, limit: int
    ) -> AsyncIterator[bytes]:
        position = await self._log.locate(log, since) - 1
        while rows := await self._log.read(log, position, _READ):
            for position, event in rows:
                if event.ingested > until or limit < 1:
                    return
                if pattern is None or matches(pattern, event.body):
                    limit -= 1
                    yield b'{"position":%d,"ingested":%d,"event":%b}\n' % (
                        position,
                        event.ingested,
                        on_one_line(event.body),
                    )

    async def _search(self, event_id: str) -> list[dict[str, Any]]:
        """The event in the logs of buses, of their quarantines and of archives."""
        found = []
        for name in await self._log.bounds():
            if not (":archive/" in name or (":event-bus/" in name and name.partition("#")[2] in ("", "quarantine"))):
                continue
            if (one := await find_event(self._log, name, event_id)) is not None:
                position, event = one
                where = {"log": name, "position": position, "ingested": event.ingested}
                found.append(where | {"event": msgspec.Raw(event.body)})
        return found

    async def _delivery(self, fate: Fate, tries: Sequence[Attempt]) -> dict[str, Any]:
        rule, target, *again = fate.subscriber.split("#", 2)
        waiting = await self._deferred(fate) if fate.outcome == "retrying" else None
        return {
            "rule": rule,
            "target": target,
            "again": again[0] if again else None,
            "outcome": fate.outcome,
            "attempts": fate.attempts,
            "tries": [_tried(each) for each in _tries(fate, tries)],
            "at": fate.at,
            "error_code": fate.error_code,
            "error_message": fate.error_message,
            "first_attempt": waiting.first_attempt if waiting else None,
            "due": waiting.due if waiting else None,
        }

    async def _deferred(self, fate: Fate) -> Deferred | None:
        rows = await self._progress.due(fate.subscriber, _LATEST, 10_000)
        return next((row for row in rows if row.position == fate.position and row.event_id == fate.event_id), None)

    def _event(self, text: object, name: str | None) -> Event:
        """The event in a text: as it is, if it is as this server writes them; else put together anew."""
        if not isinstance(text, str):
            raise InvalidRequest("Each event must be a text.")
        try:
            fields = deeply(_decode, text.encode())
            known = orjson.loads(text)
            detail_is_object = isinstance(orjson.loads(bytes(fields.detail)), dict)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise InvalidRequest(f"This is no whole event: {error}.") from error
        if not detail_is_object:
            raise InvalidRequest("This is no whole event: its detail is not a JSON object.")
        now, body = self._clock.now(), text.encode()
        own = _ID.fullmatch(fields.id) and body.startswith(_HEAD + fields.id.encode()) and b',"resources":' in body
        if not own or (name and "replay-name" in known):
            body = _rebuilt(fields, now)
        return Event(with_replay_name(body, name) if name else body, now)


def _rebuilt(fields: _Envelope, now: int) -> bytes:
    return envelope(
        id=fields.id if _ID.fullmatch(fields.id) else new_ids(1, now)[0],
        detail_type=fields.detail_type,
        source=fields.source,
        account=fields.account if _PLAIN.fullmatch(fields.account) else "",
        time=fields.time if fields.time and _PLAIN.fullmatch(fields.time) else iso_seconds(now),
        region=fields.region if _PLAIN.fullmatch(fields.region) else "",
        resources=fields.resources,
        detail=bytes(fields.detail),
    )


def _tries(fate: Fate, tries: Sequence[Attempt]) -> list[Attempt]:
    """The attempts that led to ``fate``. Of a delivery with only one, the fate itself tells of it."""
    key = (fate.bus, fate.position, fate.subscriber)
    found = [each for each in tries if (each.bus, each.position, each.subscriber) == key]
    if not found and fate.attempts == 1 and fate.outcome != "expired":
        return [Attempt(*key, 1, fate.at, fate.error_code, fate.error_message)]
    return found


def _tried(attempt: Attempt) -> dict[str, Any]:
    error = {"error_code": attempt.error_code, "error_message": attempt.error_message}
    return {"number": attempt.number, "at": attempt.at} | error


def _is_rule(fate: Fate) -> bool:
    return ":rule/" in fate.subscriber
