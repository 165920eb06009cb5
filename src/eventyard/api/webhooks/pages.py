"""The pages on webhooks, for their owners. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from eventyard.api.answers import answer, bus_of, number, on_one_line, read_object, routes
from eventyard.clock import Clock
from eventyard.errors import Forbidden, InvalidRequest, NotFound
from eventyard.provider import Request
from eventyard.store import EventLog
from eventyard.webhooks import Live, Webhook, Webhooks, raw_of
from eventyard.webhooks.wanted import Wanted, read
from eventyard.wire import HttpRequest, HttpResponse, Route

_PATH = "/_eventyard/webhooks"
_ACCOUNT, _REGION = "123456789012", "us-east-1"
_LATEST = 1 << 52
_SHOWN = (
    "name", "provider", "options", "bus", "source", "detail_type", "partner", "headers", "tolerance", "window", "rate",
    "burst", "body_limit", "archive", "archive_days", "url", "description", "arn", "created", "modified",
)  # fmt: skip

Prepare = Callable[[str, str, Wanted], Awaitable[None]]
"""``prepare(account, region, wanted)``: make what must be there before the webhook. Raises NotFound, Conflict."""


class WebhookPages:
    """``has_bus``: whether there is a bus with an ARN."""

    def __init__(
        self,
        webhooks: Webhooks,
        has_bus: Callable[[str], bool],
        prepare: Prepare,
        log: EventLog,
        clock: Clock,
    ) -> None:
        self._webhooks = webhooks
        self._has_bus = has_bus
        self._prepare = prepare
        self._log = log
        self._clock = clock

    def routes(self) -> list[Route]:
        return routes(
            ("GET", _PATH, self.list),
            ("GET", f"{_PATH}/*", self.get),
            ("PUT", f"{_PATH}/*", self.put),
            ("DELETE", f"{_PATH}/*", self.delete),
            ("POST", f"{_PATH}/*", self.post),
        )

    async def list(self, request: HttpRequest) -> HttpResponse:
        """The webhooks of the caller's account."""
        account, _ = _caller(request)
        mine = [each for each in self._webhooks.all() if each.webhook.account == account]
        return answer({"webhooks": [self._shown(each) for each in mine]})

    async def get(self, request: HttpRequest) -> HttpResponse:
        """``NAME``: the webhook, its counts, and its last refusals. ``NAME/deliveries``: what came (query: limit).
        ``NAME/raw``: raw requests as lines of JSON (query: since and until, in ms)."""
        account, _ = _caller(request)
        name, _, part = request.path.removeprefix(f"{_PATH}/").partition("/")
        live = self._webhooks.get(account, name)
        if part == "":
            return answer(self._shown(live) | await self._told(live))
        if part == "deliveries":
            last = await live.memory.last(number(request.query, "limit", 1, 1_000) or 20)
            told = [{"at": one.at, "types": one.types, "events": one.events, "headers": one.headers} for one in last]
            return answer({"deliveries": told})
        if part == "raw":
            since = number(request.query, "since", 0, _LATEST) or 0
            until = number(request.query, "until", 0, _LATEST) or self._clock.now()
            lines = self._raw(raw_of(live.webhook.arn), since, until)
            return HttpResponse(200, {"content-type": "application/x-ndjson"}, lines)
        raise NotFound("There is nothing at this address.")

    async def put(self, request: HttpRequest) -> HttpResponse:
        """Have the webhook be as the body says. Without ``secrets`` those that are there stay."""
        account, region = _caller(request)
        name = request.path.removeprefix(f"{_PATH}/")
        wanted = read(request.body)
        bus = ""
        if not wanted.partner:
            bus = bus_of(request, {"bus": wanted.bus or "default", "account": account, "region": region})
            if not self._has_bus(bus):
                raise NotFound(f"Event bus {bus} does not exist.")
        self._webhooks.check(account, region, name, wanted)
        await self._prepare(account, region, wanted)
        await self._webhooks.put(account, region, name, wanted, bus)
        return answer(self._shown(self._webhooks.get(account, name)))

    async def delete(self, request: HttpRequest) -> HttpResponse:
        account, _ = _caller(request)
        name = request.path.removeprefix(f"{_PATH}/")
        await self._webhooks.delete(account, name)
        return answer({"name": name})

    async def post(self, request: HttpRequest) -> HttpResponse:
        """``NAME/rotate``: body ``secret``, ``keep`` (seconds that the others hold on). ``NAME/sample``: a signed
        request for trying out; body ``body``, ``headers`` and ``url`` in place of the provider's."""
        account, _ = _caller(request)
        name, _, part = request.path.removeprefix(f"{_PATH}/").partition("/")
        live = self._webhooks.get(account, name)
        asked = read_object(request.body) if request.body else {}
        if part == "rotate":
            secret, keep = asked.get("secret"), asked.get("keep", 86_400)
            if not isinstance(secret, str):
                raise InvalidRequest("Say the new secret.")
            if isinstance(keep, bool) or not isinstance(keep, int) or not 0 <= keep <= 90 * 86_400:
                raise InvalidRequest("keep is the seconds, 7776000 at most, for which the other secrets still hold.")
            await self._webhooks.rotate(account, name, secret, keep * 1000)
            return answer(self._shown(live))
        if part == "sample":
            return answer(self._sample(live, asked))
        raise NotFound("There is nothing at this address.")

    def _sample(self, live: Live, asked: dict[str, Any]) -> dict[str, Any]:
        """What the provider would send, with its signature by the newest secret."""
        sample, now = live.provider.sample(), self._clock.now()
        body, headers = asked.get("body"), asked.get("headers", {})
        if not (body is None or isinstance(body, str)) or not isinstance(headers, dict):
            raise InvalidRequest("body is a text, and headers are an object of texts.")
        if not all(isinstance(value, str) and value.isascii() and value.isprintable() for value in headers.values()):
            raise InvalidRequest("headers are an object of printable texts.")
        named = {str(name).lower(): value for name, value in headers.items()}
        kept = tuple(each for each in sample.headers if each[0] not in named)
        url = live.webhook.url or asked.get("url") or f"http://localhost/webhooks/{live.webhook.name}"
        if not isinstance(url, str):
            raise InvalidRequest("url is a text.")
        plain = Request(
            url=url,
            headers=(*kept, *named.items()),
            body=sample.body if body is None else body.encode("utf-8", "replace"),
        )
        secrets = live.valid(now)
        if not secrets:
            raise InvalidRequest("No secret of this webhook is valid any more.")
        made = live.provider.sign(plain, secrets[0], now)
        return {
            "method": made.method,
            "query": made.url.partition("?")[2],
            "headers": dict(made.headers),
            "body": made.body.decode("utf-8", "replace"),
        }

    def _shown(self, live: Live) -> dict[str, Any]:
        webhook: Webhook = live.webhook
        now = self._clock.now()
        shown = {name: msgspec.to_builtins(getattr(webhook, name)) for name in _SHOWN}
        shown["source"] = webhook.source or webhook.partner or live.provider.source
        shown["path"] = f"/webhooks/{webhook.name}"
        shown["secrets"] = [
            {"added": each.added, "expires": each.expires, "valid": each.holds(now)} for each in live.secrets
        ]
        return shown

    async def _told(self, live: Live) -> dict[str, Any]:
        tally = live.tally
        refusals = [msgspec.to_builtins(each) for each in reversed(tally.refusals)]
        return {"counts": dict(tally.counts), "events": tally.events, "refusals": refusals}

    async def _raw(self, log: str, since: int, until: int) -> AsyncIterator[bytes]:
        position = await self._log.locate(log, since) - 1
        while rows := await self._log.read(log, position, 100):
            position = rows[-1][0]
            for _, event in rows:
                if event.ingested > until:
                    return
                yield on_one_line(event.body) + b"\n"


def _caller(request: HttpRequest) -> tuple[str, str]:
    """Account and region that are meant: those of ``account`` and ``region`` in the query, or the caller's own. Raises
    Forbidden for another's account."""
    caller, query = request.caller, request.query
    if caller is None:
        return query.get("account", _ACCOUNT), query.get("region", _REGION)
    if query.get("account", caller.account) != caller.account:
        raise Forbidden(f"Account {caller.account} may not look at webhooks of others.", "AccessDeniedException")
    return caller.account, query.get("region", caller.region)
