"""Bodies of webhooks: which kind one is, and the JSON object that becomes an event's detail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from eventyard.detail import parse_object
from eventyard.provider import Arrival, Refused, Request

JSON, FORM = "json", "form"
_FORM_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1_000
#: The last moment that an envelope's time can say.
_LAST = 253_402_300_799_000


def media(request: Request) -> str:
    """The media type of the body in lower case, without its parameters. Raises Refused if it isn't said."""
    return request.need("content-type").partition(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    """JSON, or a format on top of it (RFC 6839)."""
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def kind_of(request: Request, form: bool = False) -> str:
    """``json``, or ``form`` where that is allowed. Raises Refused for other media types."""
    kind = media(request)
    if is_json(kind):
        return JSON
    if form and kind == _FORM_TYPE:
        return FORM
    taken = f"application/json{f' or {_FORM_TYPE}' if form else ''}"
    raise Refused("media", f"The Content-Type is {kind[:100]!r}; {taken} is taken.")


def object_in(body: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON in ``body`` as an object and its text, unchanged; of what is JSON but no object, an object that has it
    as its ``body``. Raises Refused for what is not JSON, or deeper than an event can be."""
    found = parse_object(body)
    if found is not None:
        return found, body
    wrapped = b'{"body":' + body + b"}"
    found = parse_object(wrapped)
    try:
        orjson.loads(body)  # or the wrapping could be what makes JSON of it: '1,"a":2'
    except orjson.JSONDecodeError:
        found = None
    if found is None:
        raise Refused("body", "The body is not JSON, or is nested deeper than 1,000 levels.")
    return found, wrapped


def needed_object(body: bytes, *members: str) -> dict[str, Any]:
    """The JSON object in ``body``, which must have texts as these ``members``. Raises Refused."""
    found = parse_object(body)
    if found is None:
        raise Refused("body", "The body is not a JSON object of at most 1,000 levels.")
    for name in members:
        if not isinstance(found.get(name), str) or not found[name]:
            raise Refused("body", f"The body has no text {name!r}.")
    return found


def fields_in(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form, in their order. Raises Refused for what is not one, or has too many."""
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:  # of which UnicodeDecodeError is one
        raise Refused("body", f"The body is not a form of at most {_MOST_FIELDS} fields.") from error


def form_object(fields: list[tuple[str, str]]) -> tuple[dict[str, Any], bytes]:
    """The fields as an object and its text; a field that is there several times is a list."""
    made: dict[str, Any] = {}
    for name, value in fields:
        if name not in made:
            made[name] = value
        elif isinstance(made[name], list):
            made[name].append(value)
        else:
            made[name] = [made[name], value]
    return made, orjson.dumps(made)


def seconds(value: object) -> int | None:
    """ms of a moment in seconds since the epoch; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _within(value * 1000)


def iso(value: object) -> int | None:
    """ms of a moment in RFC 3339; None for what is none."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return _within((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def text_of(found: Mapping[str, Any], *path: str) -> str:
    """The text at ``path``; empty if there is none."""
    value: Any = found
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def arrival(type: str, payload: bytes, keys: list[str], time: int | None = None) -> Arrival:
    return Arrival(type=type, payload=payload, keys=tuple(keys), time=time)


def _within(millis: float) -> int | None:
    return int(millis) if 0 <= millis <= _LAST else None
