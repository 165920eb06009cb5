"""What the platform's own pages have in common: reading queries and bodies, and answering in JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from eventyard.errors import Forbidden, InvalidRequest
from eventyard.names import Arn, bus_arn
from eventyard.wire import HttpRequest, HttpResponse, Route

JSON = {"content-type": "application/json"}
_ACCOUNT, _REGION = "123456789012", "us-east-1"

Page = Callable[[HttpRequest], Awaitable[HttpResponse]]


def routes(*pages: tuple[str, str, Page]) -> list[Route]:
    """Pages by method and path, ready to be handed to the wire."""
    return [Route(method, path, page) for method, path, page in pages]


def bus_of(request: HttpRequest, named: Mapping[str, str] | None = None) -> str:
    """The ARN of the bus that ``bus``, ``account`` and ``region`` name, in ``named`` or the query; what is left out is
    the default bus, and the caller's own account and region. Raises Forbidden for another account's bus."""
    asked = request.query if named is None else named
    name, account, region = asked.get("bus", "default"), *_home(request)
    arn = name if name.startswith("arn:") else bus_arn(asked.get("account", account), asked.get("region", region), name)
    if not may_see(request, arn):
        raise Forbidden(f"Account {account} may not look at {arn}.", "AccessDeniedException")
    return arn


def home_of(request: HttpRequest) -> tuple[str, str]:
    """The account and region that a resource of the caller's is in; ``account`` and ``region`` of the query name
    another. Raises Forbidden for another account."""
    caller, (account, region) = request.caller, _home(request)
    asked = request.query.get("account", account)
    if caller is not None and asked != account:
        raise Forbidden(f"Account {account} may not look at what belongs to {asked}.", "AccessDeniedException")
    if not (len(asked) == 12 and asked.isascii() and asked.isdigit()):
        raise InvalidRequest(f"An account has twelve digits, unlike {asked!r}.")
    region = request.query.get("region", region)
    if not (region.isascii() and region.replace("-", "").isalnum()):
        raise InvalidRequest(f"{region!r} is no region.")
    return asked, region


def _home(request: HttpRequest) -> tuple[str, str]:
    return (_ACCOUNT, _REGION) if request.caller is None else (request.caller.account, request.caller.region)


def may_see(request: HttpRequest, name: str) -> bool:
    """Whether the caller may see the log called ``name``: everybody their own account's, and without signatures all."""
    if request.caller is None:
        return True
    arn = Arn.parse(name)
    return arn is not None and arn.account == request.caller.account


def on_one_line(body: bytes) -> bytes:
    """An event's text without its line breaks, for pages that give a line to each event: inside of strings JSON has
    none (RFC 8259), so they are only space between tokens."""
    return body.replace(b"\n", b" ").replace(b"\r", b" ")


def texts(asked: dict[str, Any]) -> dict[str, str]:
    """The members that are texts."""
    return {key: value for key, value in asked.items() if isinstance(value, str)}


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``. Raises InvalidRequest."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return found


def number(query: dict[str, str], name: str, least: int, most: int) -> int | None:
    """The number that ``name`` gives, or None. Raises InvalidRequest for one that isn't from ``least`` to ``most``."""
    text = query.get(name)
    if text is None:
        return None
    if not text.isdecimal() or not least <= int(text) <= most:
        raise InvalidRequest(f"{name} must be a number from {least} to {most}, not {text!r}.")
    return int(text)


def answer(value: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, JSON, orjson.dumps(value))
