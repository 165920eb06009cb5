"""A rule target's HttpParameters, and the request that they, the destination and its connection make of an event.

Source: API reference, "HttpParameters" (a connection's values win over a target's); user guide, "API destinations".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from eventyard.destination import Destination, Extra, Pairs
from eventyard.detail import deeply
from eventyard.errors import InvalidRequest
from eventyard.targets.http.client import Call
from eventyard.targets.http.cloudevents import FORMATS, Format, as_cloud_event
from eventyard.transform.path import Step, parse_path, select

USER_AGENT = "Amazon/EventBridge/ApiDestinations"
CONTENT_TYPE = "application/json; charset=utf-8"

#: Headers that decide where a request ends or who it is for, and those that EventBridge sets itself.
_RESERVED = frozenset(
    {
        "connection", "content-encoding", "content-length", "expect", "host", "http2-settings", "keep-alive",
        "max-forwards", "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "te", "trailer",
        "transfer-encoding", "upgrade", "user-agent", "via",
    }
)  # fmt: skip
#: A body has no meaning with these (RFC 9110, 9.3).
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_TEXT = msgspec.json.Decoder(str)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

#: Of a target's HeaderParameters, what is not sent but says how to send: AWS's API has no other place for it.
FORMAT, TIMEOUT = "eventyard-format", "eventyard-timeout"
_LONGEST = 60

Value = str | tuple[Step, ...]
"""A text, or the path of one in the event."""


def check_headers(names: Iterable[str]) -> None:
    """Raises InvalidRequest for a header that can't be set by users."""
    for name in names:
        if name.lower() in _RESERVED:
            raise InvalidRequest(f"Parameter HeaderParameters is not valid. Reason: Header {name} is not allowed.")


def check_parameters(given: Mapping[str, Any]) -> None:
    """Raises InvalidRequest for HttpParameters that can't work."""
    Parameters.compile(given)


class Parameters(msgspec.Struct, frozen=True):
    """HttpParameters, taken apart. ``form``: None for what EventBridge sends. ``seconds``: None for what it waits."""

    path: tuple[Value, ...] = ()
    headers: tuple[tuple[str, Value], ...] = ()
    query: tuple[tuple[str, Value], ...] = ()
    form: Format | None = None
    seconds: float | None = None

    @classmethod
    def compile(cls, given: Mapping[str, Any]) -> Parameters:
        """Raises InvalidRequest for headers that are not allowed, and for bad JSON paths."""
        headers = dict(given.get("HeaderParameters") or {})
        options = {name.lower(): headers.pop(name) for name in list(headers) if name.lower() in (FORMAT, TIMEOUT)}
        check_headers(headers)
        return cls(
            tuple(_value(each) for each in given.get("PathParameterValues") or ()),
            tuple((name, _value(each)) for name, each in headers.items()),
            tuple((name, _value(each)) for name, each in (given.get("QueryStringParameters") or {}).items()),
            _form(options.get(FORMAT)),
            _seconds(options.get(TIMEOUT)),
        )

    def call(self, destination: Destination, extra: Extra, payload: bytes, event: bytes) -> Call:
        """The request for one event, not authorised yet. Raises InvalidRequest if this event makes none."""
        headers: dict[str, tuple[str, str]] = {
            "user-agent": ("User-Agent", USER_AGENT),
            "content-type": ("Content-Type", CONTENT_TYPE),
        }
        if self.form is not None:
            more, payload = as_cloud_event(self.form, payload, event)
            headers |= {name.lower(): (name, value) for name, value in more}
        for name, value in _filled(self.headers, event):
            headers[name.lower()] = (name, _checked(name, value))
        for name, value in extra.headers:
            headers[name.lower()] = (name, _checked(name, value))
        query = dict(_filled(self.query, event)) | dict(extra.query)
        body = None if destination.method in _BODILESS else _with_body(payload, extra.body)
        url = with_query(self._address(destination.url, event), query)
        return Call(destination.method, url, tuple(headers.values()), body)

    def _address(self, url: str, event: bytes) -> str:
        """``url`` with its wildcards filled. A value stays within its segment, whatever is in it."""
        pieces = url.split("*")
        if len(pieces) - 1 != len(self.path):
            raise InvalidRequest(
                f"The endpoint has {len(pieces) - 1} path wildcards, but there are {len(self.path)} path parameters."
            )
        filled = [pieces[0]]
        for value, piece in zip(self.path, pieces[1:], strict=True):
            text = value if isinstance(value, str) else _found(event, value)
            if not text or text in (".", ".."):
                raise InvalidRequest(f"A path parameter can't be {text!r}." if text else "A path parameter is empty.")
            filled.append(quote(text, safe=""))
            filled.append(piece)
        return "".join(filled)


def with_query(url: str, query: Mapping[str, str]) -> str:
    """``url`` with ``query`` added; what it has of the same names is replaced."""
    parts = urlsplit(url)
    kept = [each for each in parts.query.split("&") if each and each.partition("=")[0] not in query]
    added = [urlencode(query, quote_via=quote)] if query else []
    return urlunsplit(parts._replace(query="&".join(kept + added), fragment=""))


def _form(text: str | None) -> Format | None:
    for form in FORMATS:
        if text == form:
            return form
    if text is None:
        return None
    raise _wrong(FORMAT, text, f"one of {', '.join(FORMATS)}")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= _LONGEST:
        raise _wrong(TIMEOUT, text, f"a number of seconds from 1 to {_LONGEST}")
    return float(text)


def _wrong(name: str, text: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(
        f"Parameter HeaderParameters is not valid. Reason: {name} must be {wanted}, not {text[:50]!r}."
    )


def _value(text: str) -> Value:
    return parse_path(text) if text == "$" or text.startswith(("$.", "$[")) else text


def _filled(pairs: Iterable[tuple[str, Value]], event: bytes) -> Iterable[tuple[str, str]]:
    """What has a value; what the event lacks is left out."""
    for name, value in pairs:
        text = value if isinstance(value, str) else _found(event, value)
        if text is not None:
            yield name, text


def _found(event: bytes, path: tuple[Step, ...]) -> str | None:
    """The value at ``path``: a string as its text, anything else as JSON; None where there is none, or null."""
    raw = select(event, path)
    if raw is None or raw == b"null":
        return None
    return _TEXT.decode(raw) if raw.startswith(b'"') else raw.decode()


def _checked(name: str, value: str) -> str:
    if any((ord(letter) < 32 and letter != "\t") or ord(letter) == 127 for letter in value):
        raise InvalidRequest(f"The value for header {name} holds control characters.")
    return value.strip(" \t")


def _with_body(payload: bytes, added: Pairs) -> bytes:
    """``payload`` with the connection's body parameters; all else of it stays byte for byte."""
    if not added:
        return payload
    try:
        members: dict[str, Any] = dict(deeply(_OBJECT.decode, payload))
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest("Body parameters can be added to a JSON object only.") from error
    return msgspec.json.encode(members | dict(added))
