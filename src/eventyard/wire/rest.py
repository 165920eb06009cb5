"""AWS's rest-json protocol: which operation a method and path mean, and members that travel in path, query and headers.

Source: Smithy specification, "AWS restJson1 protocol" and "HTTP bindings". Bodies are read and written by ``json``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
import orjson

from eventyard.wire import json
from eventyard.wire.http import Headers


class Template(msgspec.Struct, frozen=True):
    """A request URI of a model. ``parts``: literals, ``{label}``, or at the end ``{greedy+}``; ``query``: literal
    parameters that must be there."""

    parts: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, uri: str) -> Template:
        path, _, query = uri.partition("?")
        return cls(tuple(path.strip("/").split("/")), tuple(parse_qsl(query, keep_blank_values=True)))

    @property
    def rank(self) -> tuple[int, int, int]:
        """Literals come before labels, labels before greedy ones: the order in which templates are tried."""
        labels = sum(part.startswith("{") for part in self.parts)
        return (sum(part.endswith("+}") for part in self.parts), labels, -len(self.parts) - len(self.query))

    def match(self, segments: list[bytes], query: list[tuple[str, str]]) -> dict[str, str] | None:
        """The labels' values in the still encoded ``segments``, decoded; None if this template doesn't fit."""
        labels: dict[str, str] = {}
        for number, part in enumerate(self.parts):
            if part.endswith("+}"):
                rest = segments[number : len(segments) - (len(self.parts) - number - 1)]
                if not rest:
                    return None
                labels[part[1:-2]] = _decoded(b"/".join(rest))
                segments = [*segments[:number], b"", *segments[number + len(rest) :]]
            elif number >= len(segments):
                return None
            elif part.startswith("{"):
                labels[part[1:-1]] = _decoded(segments[number])
            elif segments[number] != part.encode():
                return None
        fits = len(segments) == len(self.parts) and all(pair in query for pair in self.query)
        return labels if fits and all(labels.values()) else None


class Request(msgspec.Struct, frozen=True):
    """What a REST request brings: the path's labels, the query's pairs, headers by lower-case name, the body."""

    labels: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[bytes, bytes]
    body: bytes


class Answer(msgspec.Struct, frozen=True):
    """``headers`` without the content's type, which is ``content_type``."""

    status: int
    headers: Headers
    body: bytes
    content_type: bytes = b"application/json"


def parse_query(raw: bytes) -> list[tuple[str, str]]:
    return parse_qsl(raw.decode("latin-1"), keep_blank_values=True)


def segments_of(raw_path: bytes) -> list[bytes]:
    """The parts of a path as it arrived, still encoded; a slash at the end doesn't count."""
    return raw_path.partition(b"?")[0].strip(b"/").split(b"/")


def make_request_reader(shape: Any) -> Callable[[Request], dict[str, Any]]:
    """A function from requests to botocore's Python shapes. It raises SerializationException for a wrong type."""
    if shape is None:
        return lambda request: {}
    located, read_body = _split(shape), _body_reader(shape)
    bound = {member.serialization.get("name", name) for name, member in located if _place(member) == "querystring"}

    def read(request: Request) -> dict[str, Any]:
        params = read_body(request.body)
        for name, member in located:
            value = _find(member, member.serialization.get("name", name), request, bound)
            if value is not None:
                params[name] = value
        return params

    return read


def make_answer_writer(shape: Any, status: int) -> Callable[[dict[str, Any]], Answer]:
    """A function from an operation's result to its answer; ``status`` is the model's."""
    located = dict(_split(shape)) if shape is not None else {}
    write_body = _body_writer(shape)

    def write(result: dict[str, Any]) -> Answer:
        answered, headers = status, []
        for name, value in result.items():
            member = located.get(name)
            if member is None or value is None:
                continue
            if _place(member) == "statusCode":
                answered = int(value)
            else:
                headers += _headers(member, member.serialization.get("name", name), value)
        body, content_type = write_body({name: value for name, value in result.items() if name not in located})
        # A client takes what comes after "204 No Content" for the next answer.
        return Answer(answered, headers, b"" if answered == 204 else body, content_type)

    return write


def _split(shape: Any) -> list[tuple[str, Any]]:
    """The members of a structure that don't travel in the body."""
    return [(name, member) for name, member in shape.members.items() if _place(member)]


def _place(member: Any) -> str:
    place: str = member.serialization.get("location", "")
    return place


def _body_reader(shape: Any) -> Callable[[bytes], dict[str, Any]]:
    payload = shape.serialization.get("payload")
    if payload is not None:
        return _payload_reader(payload, shape.members[payload])
    readers = {
        member.serialization.get("name", name): (name, json.make_reader(member))
        for name, member in shape.members.items()
        if not _place(member)
    }

    def pick(value: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for key, item in value.items():
            if item is not None and key in readers:
                name, reader = readers[key]
                found[name] = reader(item)
        return found

    # An operation without members in the body doesn't look at what was sent.
    return (lambda body: json.read_params(pick, body)) if readers else (lambda body: {})


def _payload_reader(name: str, member: Any) -> Callable[[bytes], dict[str, Any]]:
    if member.type_name == "blob":
        return lambda body: {name: body} if body else {}
    if member.type_name == "string":
        return lambda body: {name: _text(body)} if body else {}
    reader = json.make_reader(member)
    return lambda body: {name: json.read_params(reader, body)} if body else {}


def _body_writer(shape: Any) -> Callable[[dict[str, Any]], tuple[bytes, bytes]]:
    if shape is None:
        return lambda result: (b"", b"application/json")
    payload = shape.serialization.get("payload")
    if payload is None:
        writer = json.make_writer(shape)
        return lambda result: (orjson.dumps(writer(result)), b"application/json")
    kind = shape.members[payload].type_name
    if kind in ("blob", "string"):
        media = b"application/octet-stream" if kind == "blob" else b"text/plain"
        return lambda result: (_bytes(result.get(payload) or b""), media)
    writer = json.make_writer(shape.members[payload])
    return lambda result: (orjson.dumps(writer(result.get(payload) or {})), b"application/json")


def _find(member: Any, name: str, request: Request, bound: Iterable[str]) -> Any:
    place = _place(member)
    if place == "uri":
        return _scalar(member, request.labels.get(name))
    if place == "header":
        header = request.headers.get(name.lower().encode())
        if header is not None and member.type_name == "list":
            return [_scalar(member.member, item.strip()) for item in _text(header).split(",")]
        return None if header is None else _scalar(member, _text(header))
    if place == "headers":
        start = name.lower()
        found = {_text(key)[len(start) :]: _text(item) for key, item in request.headers.items()
                 if _text(key).startswith(start)}  # fmt: skip
        return found or None
    if member.type_name == "map":
        rest: dict[str, Any] = {}
        many = member.value.type_name == "list"
        for key, item in request.query:
            if key not in bound:
                rest[key] = [*rest.get(key, ()), item] if many else item
        return rest or None
    values = [item for key, item in request.query if key == name]
    if member.type_name == "list":
        return [_scalar(member.member, item) for item in values] or None
    return _scalar(member, values[-1] if values else None)


def _scalar(shape: Any, text: str | None) -> Any:
    if text is None or shape.type_name == "string":
        return text
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return json.make_reader(shape)(int(text))
        if kind in ("float", "double"):
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
    except (ValueError, KeyError) as error:
        raise json.malformed(f"'{text[:100]}' can not be converted to {_article(kind)}") from error
    if kind == "timestamp":
        return _moment(text)
    return json.make_reader(shape)(text)


def _moment(text: str) -> datetime:
    if "," in text:
        try:
            return parsedate_to_datetime(text).astimezone(UTC)
        except ValueError as error:
            raise json.malformed(f"'{text[:100]}' can not be converted to a Timestamp") from error
    return json.read_timestamp(text)


def _headers(member: Any, name: str, value: Any) -> Headers:
    if _place(member) == "headers":
        return [(f"{name}{key}".lower().encode("latin-1"), _header(member.value, item)) for key, item in value.items()]
    return [(name.lower().encode("latin-1"), _header(member, value))]


def _header(shape: Any, value: Any) -> bytes:
    if shape.type_name == "timestamp":
        moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
        text = format_datetime(moment.astimezone(UTC), usegmt=True)
    elif shape.type_name == "boolean":
        text = "true" if value else "false"
    elif shape.type_name == "list":
        text = ",".join(str(item) for item in value)
    else:
        text = str(value)
    if "\r" in text or "\n" in text:
        raise ValueError("line break in a header")
    return text.encode("utf-8")


def _article(kind: str) -> str:
    return f"an {kind.capitalize()}" if kind == "integer" else f"a {kind.capitalize()}"


def _decoded(segment: bytes) -> str:
    # What is no UTF-8 fits no name's pattern after this, and is refused as such.
    return unquote_to_bytes(segment).decode("utf-8", "replace")


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise json.malformed("The request is not valid UTF-8.") from error


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
