"""The pages with the forms of all events that a registry has a schema of; what is entered is published by PutEvents."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from eventyard.api.answers import home_of
from eventyard.contract import Contract
from eventyard.contract.registered import Registered, newest_by_version
from eventyard.errors import InvalidRequest, NotFound
from eventyard.forms import Answer, Desk, Entered, Entry, Form, Request, index, ui_of
from eventyard.names import DEFAULT_BUS, bus_arn
from eventyard.text import did_you_mean, printable
from eventyard.wire import Caller, Handler, HttpRequest, HttpResponse, Route

PATH = "/_eventyard/forms"
_MOST = 200
#: What of a query says which form it is.
_KEPT = ("account", "region", "version", "bus")
_PATIENCE = 30

Names = Callable[[str, str], Mapping[str, Sequence[str]]]
"""``names(account, region)``: the names of the schemas in each registry there, by the registry's."""
Contents = Callable[[str, str, str, str], Sequence[str]]
"""``contents(account, region, registry, name)``: of all versions of a schema, the newest first; the very same object
until one of them changes."""


class Forms:
    """``put``: the operation PutEvents. ``has_bus``: whether there is a bus with that ARN, because PutEvents takes
    events for others without a word."""

    def __init__(self, names: Names, contents: Contents, put: Handler, has_bus: Callable[[str], bool]) -> None:
        self._names = names
        self._contents = contents
        self._put = put
        self._has_bus = has_bus
        self._token = secrets.token_urlsafe(32)
        self._desks: OrderedDict[tuple[object, ...], tuple[Sequence[str], Desk]] = OrderedDict()

    def routes(self) -> list[Route]:
        forms = [Route(method, f"{PATH}/*", self.form) for method in ("GET", "HEAD", "POST")]
        return [*(Route(method, PATH, self.list) for method in ("GET", "HEAD")), *forms]

    async def list(self, request: HttpRequest) -> HttpResponse:
        """All forms of an account in a region. Query: account, region."""
        account, region = home_of(request)
        kept = {str(name): request.query[name] for name in _KEPT if name in request.query}
        query = f"?{urlencode(kept)}" if kept else ""
        shelves = {
            registry: [
                Entry(type, source, f"{PATH}/{quote(registry)}/{quote(name)}{query}")
                for name in names
                for source, _, type in (name.rpartition("@"),)
                if source
            ]
            for registry, names in self._names(account, region).items()
        }
        return _response(index({name: found for name, found in shelves.items() if found}, f"{account} · {region}"))

    async def form(self, request: HttpRequest) -> HttpResponse:
        """The form of one event, ``/NAME`` or, where several registries have it, ``/REGISTRY/NAME``; a name is
        ``source@DetailType``. Query: version, bus, account, region; example. POST answers what was entered."""
        account, region = home_of(request)
        registry, name = self._named(account, region, request.path.removeprefix(f"{PATH}/"))
        desk = self._desk(account, region, registry, name, request.query)
        asked = Request(request.method, urlencode(request.query), request.headers, request.body)
        # Checking takes processor time, and publishing waits for this very loop.
        return _response(await asyncio.to_thread(desk.answer, asked))

    def _named(self, account: str, region: str, path: str) -> tuple[str, str]:
        """The registry and the name that a path means. Raises NotFound, and InvalidRequest where that is not clear."""
        registry, _, name = path.rpartition("/")
        there = self._names(account, region)
        homes = [home for home, names in there.items() if name in names and registry in ("", home)]
        if not homes:
            hint = did_you_mean(name, {each for names in there.values() for each in names})
            where = f"registry {printable(registry)}" if registry else "any registry"
            raise NotFound(f"There is no schema {printable(name)} in {where}.{hint}")
        if len(homes) > 1:
            raise InvalidRequest(f"{name} is in {', '.join(homes)}: say {PATH}/REGISTRY/{name}.")
        return homes[0], name

    def _desk(self, account: str, region: str, registry: str, name: str, query: Mapping[str, str]) -> Desk:
        contents = self._contents(account, region, registry, name)
        kept = {each: query[each] for each in _KEPT if each in query}
        key = (account, region, registry, name, *kept.items())
        known = self._desks.get(key)
        if known is None or known[0] is not contents:
            found = _version(contents, name, query.get("version"))
            bus = query.get("bus") or found.contract.bus or DEFAULT_BUS
            arn = bus if bus.startswith("arn:") else bus_arn(account, region, bus)
            path = f"{PATH}/{quote(registry)}/{quote(name)}"
            known = self._desks[key] = contents, self._new_desk(found, Caller(account, region, "", ""), arn, path, kept)
            if len(self._desks) > _MOST:
                self._desks.popitem(last=False)
        self._desks.move_to_end(key)
        return known[1]

    def _new_desk(self, found: Registered, caller: Caller, bus: str, path: str, kept: Mapping[str, str]) -> Desk:
        form = Form(found.contract, found.atoms, None if found.document is None else ui_of(found.document))
        loop = asyncio.get_running_loop()

        def publish(entered: Entered) -> str:
            work = self._publish(found.contract, entered, caller, bus)
            return asyncio.run_coroutine_threadsafe(work, loop).result(_PATIENCE)

        return Desk(form, path, publish, bus.partition(":event-bus/")[2], self._token, kept)

    async def _publish(self, contract: Contract, entered: Entered, caller: Caller, bus: str) -> str:
        """The event's id. Raises EventyardError for what is not published."""
        if not self._has_bus(bus):
            raise NotFound(f"Event bus {printable(bus)} does not exist.")
        entry = {"Source": contract.source, "DetailType": contract.type, "Detail": entered.json, "EventBusName": bus}
        answer: Mapping[str, Any] = await self._put(caller, {"Entries": [entry]})
        (outcome,) = answer["Entries"]
        if "EventId" not in outcome:
            raise InvalidRequest(f"{outcome['ErrorCode']}: {outcome['ErrorMessage']}")
        return str(outcome["EventId"])


def _version(contents: Sequence[str], name: str, asked: str | None) -> Registered:
    """The version that is asked for, the newest if none is. Raises NotFound."""
    versions = newest_by_version(contents, name)
    for number, found in sorted(versions.items(), reverse=True):
        if asked in (None, str(number)):
            return found
    known = ", ".join(map(str, sorted(versions))) or "none that can be read"
    raise NotFound(f"{name} has no version {printable(asked or '')}; there is {known}.")


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.status, answer.headers, answer.body)
