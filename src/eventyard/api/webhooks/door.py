"""Where senders post to: ``/webhooks/NAME``, in ASGI's own messages. It turns requests into answers, and knows no
scheme.

No access key is asked for: the webhook's provider tells who sends. What it answers says little to who isn't known;
the owner sees the reason among the webhook's refusals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

import orjson
import structlog

from eventyard.api.webhooks.bodies import PATIENCE, Bodies
from eventyard.errors import Broken, InvalidRequest, TryAgain
from eventyard.provider import Answer, Request
from eventyard.webhooks import Intake, Live, Taken
from eventyard.wire.http import Headers, Receive, Scope, Send, send_answer
from eventyard.wire.origin import origin_of

log = structlog.get_logger("webhooks")

PREFIX = "/webhooks/"
#: Requests in hand, of one webhook, whose bodies are there.
_MOST = 500
_STATUS = {"media": 415, "body": 400}

Find = Callable[[str], Live | None]
Reply = Callable[[Answer], Awaitable[None]]


class WebhookDoor:
    """``find``: the webhook of a name. ``proxied``: see ``origin_of``."""

    def __init__(self, find: Find, intake: Intake, proxied: bool) -> None:
        self._find = find
        self._intake = intake
        self._proxied = proxied
        self._bodies = Bodies()
        self._inside: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        live, reply = self._find(scope["path"].removeprefix(PREFIX)), partial(_send, scope, send)
        if live is None:
            await _say(reply, 404, "NotFound", "There is no webhook at this address.")
        elif scope["method"] not in live.provider.methods:
            allowed = ", ".join(sorted(live.provider.methods))
            await _say(reply, 405, "MethodNotAllowed", "This method is not taken here.", {"allow": allowed})
        else:
            await self._read(live, scope, receive, reply)

    async def _read(self, live: Live, scope: Scope, receive: Receive, reply: Reply) -> None:
        headers = dict(scope["headers"])
        peer, _ = origin_of(scope, headers, self._proxied and _speaks_for_others(live))
        # Also where the proxy itself has to be known: it is not the proxy who takes its time.
        sender, _ = origin_of(scope, headers, self._proxied)
        try:
            async with self._bodies.read(sender, receive, live.webhook.body_limit) as body:
                await self._in_turn(live, scope, body, peer, reply)
        except TimeoutError:
            self._intake.refuse(live, "slow", f"The body did not come within {PATIENCE} s.", peer)
            await _say(reply, 408, "RequestTimeout", "The body did not come in time.", {"connection": "close"})
        except InvalidRequest:
            message = f"The body is larger than {live.webhook.body_limit} bytes."
            self._intake.refuse(live, "size", message, peer)
            await _say(reply, 413, "RequestEntityTooLarge", message)
        except TryAgain as error:
            live.tally.counts["unavailable"] += 1
            await _say(reply, 503, "Busy", error.message, {"retry-after": "1", "connection": "close"})

    async def _in_turn(self, live: Live, scope: Scope, body: bytes, peer: str, reply: Reply) -> None:
        name = live.webhook.name
        if self._inside[name] >= _MOST:
            live.tally.counts["unavailable"] += 1
            await _say(reply, 503, "Busy", "Too many requests are in hand.", {"retry-after": "1"})
            return
        self._inside[name] += 1
        try:
            await self._take(live, scope, body, peer, reply)
        finally:
            self._inside[name] -= 1

    async def _take(self, live: Live, scope: Scope, body: bytes, peer: str, reply: Reply) -> None:
        request = _request(live, scope, body, peer, self._proxied)
        if _is_encoded(request):
            self._intake.refuse(live, "media", "The body has a Content-Encoding, which is not taken.", peer)
            await _say(reply, 415, "UnsupportedMediaType", "Compressed bodies are not taken.")
            return
        try:
            taken = await self._intake.take(live, request)
        except Broken as error:
            log.error("a webhook could not be taken", webhook=live.webhook.name, reason=error.message)
            await _say(reply, 500, "InternalFailure", "The server is at fault.")
        except Exception:  # a fault of ours must not look as if the request had been taken
            log.exception("a webhook could not be taken", webhook=live.webhook.name)
            await _say(reply, 500, "InternalFailure", "The server is at fault.")
        else:
            await _answer(reply, live, taken)


async def _answer(reply: Reply, live: Live, taken: Taken) -> None:
    if taken.outcome in ("accepted", "duplicate"):
        thanks = live.provider.thanks
        if thanks is None:
            said = {"accepted": len(taken.events), "duplicates": taken.duplicates, "events": taken.events}
            thanks = Answer(body=orjson.dumps(said))
        await reply(thanks)
    elif taken.answer is not None:
        await reply(taken.answer)
    elif taken.outcome == "limited":
        wait = {"retry-after": str(taken.after)}
        await _say(reply, 429, "TooManyRequests", "The rate of this webhook is used up.", wait)
    elif taken.outcome == "unavailable":
        wait = {"retry-after": str(taken.after)}
        await _say(reply, 503, "Unavailable", "It can't be taken now; send it again.", wait)
    elif taken.outcome == "contract":
        await _say(reply, 422, "ContractViolation", taken.message)
    elif taken.reason in _STATUS:  # the sender is known by then
        await _say(reply, _STATUS[taken.reason], "BadRequest", taken.message)
    else:
        await _say(reply, 403, "Refused", "The request was not made by the sender of this webhook, or not now.")


def _request(live: Live, scope: Scope, body: bytes, peer: str, proxied: bool) -> Request:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    query = scope["query_string"].decode("latin-1")
    url = live.webhook.url
    if not url:
        host = next((value for name, value in headers if name == "host"), "")
        scheme = "https" if proxied else scope["scheme"]
        url = f"{scheme}://{host}{scope['raw_path'].decode('latin-1')}"
    if query:  # a proxy may change the path, but hands on the query, of which senders add to what they were given
        url = f"{url.partition('?')[0]}?{query}"
    return Request(method=scope["method"], url=url, headers=headers, body=body, peer=peer)


def _is_encoded(request: Request) -> bool:
    return any(name == "content-encoding" and value.lower() != "identity" for name, value in request.headers)


def _speaks_for_others(live: Live) -> bool:
    """Whether the address that counts is the one that a proxy says: not where the proxy itself has to be known."""
    return live.webhook.provider != "mtls"


async def _say(reply: Reply, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
    body = orjson.dumps({"code": code, "message": message.encode("utf-8", "replace").decode()})
    await reply(Answer(status=status, body=body, headers=headers or {}))


async def _send(scope: Scope, send: Send, answer: Answer) -> None:
    headers: Headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"x-content-type-options", b"nosniff"),
        *((name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers.items()),
    ]
    await send_answer(scope, send, answer.status, headers, answer.body)
