"""Where a webhook of no provider in particular says what it is: a header, a field of the body, or of the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from eventyard.errors import InvalidRequest
from eventyard.provider import Request
from eventyard.providers.body import iso, seconds

#: What an option with one may say, for error messages.
FORM = "header:NAME, body:FIELD.FIELD or query:NAME"


def check_apart(provider: str, secret: tuple[str, str], places: Mapping[str, Place]) -> None:
    """Return if none of ``places``, by their options, is where the ``secret`` stands (header or query, and the name
    there). Raises InvalidRequest: it would become part of an event."""
    for option, place in places.items():
        if place.is_at(*secret):
            raise InvalidRequest(f"Option {option} of provider {provider} is the {secret[0]} that holds the secret.")


class Place:
    """``text``: ``header:x-event``, ``body:data.type``, ``query:event``, or empty: nowhere. Raises InvalidRequest."""

    def __init__(self, option: str, text: str) -> None:
        kind, _, name = text.partition(":")
        if text and (kind not in ("header", "body", "query") or not name):
            raise InvalidRequest(f"Option {option} is {FORM}, not {text[:100]!r}.")
        self._kind = kind
        self._name = name.lower() if kind == "header" else name
        self.in_body = kind == "body"

    def __bool__(self) -> bool:
        return bool(self._kind)

    def is_at(self, kind: str, name: str) -> bool:
        """Whether it is the header, or the parameter of the query, called ``name``."""
        return (self._kind, self._name) == (kind, name)

    def value(self, request: Request, found: Mapping[str, Any]) -> Any:
        """What stands there, of whatever kind; None if there is nothing. Raises Refused for a header that is there
        several times."""
        if self._kind == "header":
            return request.header(self._name)
        if self._kind == "query":
            return dict(parse_qsl(request.url.partition("?")[2])).get(self._name)
        value: Any = found
        for step in self._name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def text(self, request: Request, found: Mapping[str, Any]) -> str:
        """As a text; numbers are texts as well, everything else is empty."""
        value = self.value(request, found) if self else None
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        return str(value)

    def moment(self, request: Request, found: Mapping[str, Any]) -> int | None:
        """As a moment (ms): RFC 3339, or seconds since the epoch."""
        value = self.value(request, found) if self else None
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 15:
            value = int(value)
        return iso(value) if isinstance(value, str) else seconds(value)
