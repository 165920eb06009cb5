"""What the platform's own pages have in common: reading queries and bodies, and answering in JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from eventyard.errors import EventyardError, InvalidRequest, NotFound
from eventyard.names import bus_arn
from eventyard.wire import HttpRequest, HttpResponse, Route

JSON = {"content-type": "application/json"}
_ACCOUNT, _REGION = "123456789012", "us-east-1"

Page = Callable[[HttpRequest], Awaitable[HttpResponse]]


def routes(*pages: tuple[str, str, Page]) -> list[Route]:
    """Pages by method and path, ready to be handed to the wire."""
    return [Route(method, path, _answering_errors(page)) for method, path, page in pages]


def bus_of(query: dict[str, str]) -> str:
    """The ARN of the bus that ``bus``, ``account`` and ``region`` name; the default bus if they are left out."""
    name = query.get("bus", "default")
    if name.startswith("arn:"):
        return name
    return bus_arn(query.get("account", _ACCOUNT), query.get("region", _REGION), name)


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


def _answering_errors(page: Page) -> Page:
    async def answering(request: HttpRequest) -> HttpResponse:
        try:
            return await page(request)
        except EventyardError as error:
            status = 404 if isinstance(error, NotFound) else 400 if isinstance(error, InvalidRequest) else 503
            return answer({"code": error.code, "message": error.message}, status)

    return answering
