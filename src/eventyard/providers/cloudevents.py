"""CloudEvents 1.0.2 over HTTP, in all three modes (binary, structured, batched), from senders that show a token.

What is no JSON object becomes a member of one: ``data`` for other JSON and for text, ``data_base64`` for bytes.
Sources: CloudEvents specification 1.0.2; "HTTP Protocol Binding" 1.0.2; "JSON Event Format" 1.0.2; "HTTP 1.1 Web Hooks
for Event Delivery" 1.0.2 (tokens in 3, the question by OPTIONS in 4).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
import orjson

from eventyard.detail import deeply, parse_object
from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers.body import is_json, iso, media
from eventyard.providers.options import Options
from eventyard.providers.samples import CLOUD_EVENT
from eventyard.providers.signature import check_text, hash_key, same, signed

_STRUCTURED, _BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
_AUTHORIZATION, _ORIGIN, _RATE = "authorization", "webhook-request-origin", "webhook-request-rate"
#: "CloudEvents attribute names MUST consist of lower-case letters or digits".
_NAME = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
#: "A whole number in the range -2,147,483,648 to +2,147,483,647 inclusive".
_INTEGERS = 1 << 31
_NEEDED = ("id", "source", "specversion", "type")
_DATA = ("data", "data_base64")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


class CloudEvents:
    """Option ``origins``: senders (DNS names, or ``*``) that may be told, when they ask, that they may send."""

    source = "cloudevents"
    kept: tuple[str, ...] = ()
    secret_headers = frozenset({_AUTHORIZATION})
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        self._origins = Options("cloudevents", options, ["origins"]).texts("origins")
        self.methods = frozenset({"POST", "OPTIONS"} if self._origins else {"POST"})

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        if request.method == "OPTIONS":
            return self._permission(request)
        given = _token(request)
        if not [True for each in secrets if same(each.encode(), given)]:
            raise Refused("signature", "The token is not one that is valid now.")
        return read(request)

    def sign(self, request: Request, secret: str, now: int) -> Request:
        return signed(request, (_AUTHORIZATION, f"Bearer {secret}"))

    def sample(self) -> Sample:
        return Sample(body=CLOUD_EVENT, headers=(("content-type", _STRUCTURED),))

    def _permission(self, request: Request) -> Answer:
        origin = request.need(_ORIGIN)
        if "*" not in self._origins and origin not in self._origins:
            raise Refused("address", f"{origin[:100]!r} in header {_ORIGIN} is none of the origins.")
        headers = {"webhook-allowed-origin": "*" if "*" in self._origins else origin, "allow": "OPTIONS, POST"}
        if request.header(_RATE) is not None:
            headers["webhook-allowed-rate"] = "*"
        return Answer(headers=headers)


def read(request: Request) -> list[Arrival]:
    """The events in a request whose sender is known. Raises Refused."""
    kind = media(request) if request.header("content-type") else ""
    if kind == _STRUCTURED:
        return [_structured(request.body)]
    if kind == _BATCH:
        try:
            items = deeply(_items, request.body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Refused("body", "The body is not a JSON array of events.") from error
        return [_structured(bytes(item)) for item in items]
    if kind.startswith("application/cloudevents"):
        raise Refused("media", f"The event format {kind[:100]} is not taken; JSON is.")
    return [_binary(request, kind)]


def _token(request: Request) -> bytes:
    if request.header(_AUTHORIZATION) is not None:
        scheme, _, value = request.need(_AUTHORIZATION).partition(" ")
        if scheme.lower() != "bearer":
            raise Refused("header", f"Header {_AUTHORIZATION} is not of the scheme Bearer.")
        return value.strip().encode("latin-1", "replace")
    found = [value for name, value in parse_qsl(request.url.partition("?")[2]) if name == "access_token"]
    if len(found) != 1:
        raise Refused("header", f"There is no header {_AUTHORIZATION}, and no access_token in the query.")
    return found[0].encode("utf-8", "replace")


def _structured(text: bytes) -> Arrival:
    if parse_object(text) is None:
        raise Refused("body", "An event is not a JSON object of at most 1,000 levels.")
    try:
        members = deeply(_members, text)
        given = {name: msgspec.json.decode(raw) for name, raw in members.items() if name not in _DATA}
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Refused("body", "An attribute of an event is neither a text, a number nor true or false.") from error
    attributes = {name: _plain(name, value) for name, value in given.items() if value is not None}
    data, encoded = members.get("data"), members.get("data_base64")
    if data is not None and encoded is not None:
        raise Refused("body", "An event has both data and data_base64.")
    if encoded is not None:
        _check_base64(msgspec.json.decode(encoded))
        return _arrival(attributes, b'{"data_base64":' + bytes(encoded) + b"}")
    return _arrival(attributes, b"{}" if data is None else _detail(bytes(data)))


def _check_base64(data: object) -> None:
    if not isinstance(data, str):
        raise Refused("body", "data_base64 of an event is not a text.")
    try:
        base64.b64decode(data, validate=True)
    except ValueError as error:  # of which binascii.Error is one
        raise Refused("body", "data_base64 of an event is not base64.") from error


def _binary(request: Request, kind: str) -> Arrival:
    attributes: dict[str, str] = {}
    for name, value in request.headers:
        if name.startswith("ce-"):
            if name[3:] in attributes:
                raise Refused("header", f"Header {name[:70]} is there several times.")
            attributes[name[3:]] = _decoded(name, value)
    if not request.body:
        return _arrival(attributes, b"{}")
    if is_json(kind):
        try:
            orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise Refused("body", "The body is not JSON.") from error
        return _arrival(attributes, _detail(request.body))
    try:
        if kind.startswith("text/"):
            return _arrival(attributes, orjson.dumps({"data": request.body.decode("utf-8")}))
    except UnicodeDecodeError as error:
        raise Refused("body", "The body is not UTF-8.") from error
    return _arrival(attributes, orjson.dumps({"data_base64": base64.b64encode(request.body).decode()}))


def _decoded(name: str, value: str) -> str:
    """A header's value as text: percent-encoded UTF-8, of which a quoted one loses its quotes (3.1.3.2)."""
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise Refused("header", f"Header {name[:70]} is not percent-encoded UTF-8.") from error


def _detail(data: bytes) -> bytes:
    return data if data.lstrip()[:1] == b"{" else b'{"data":' + data + b"}"


def _plain(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) or (isinstance(value, int) and -_INTEGERS <= value < _INTEGERS):
        return str(value)
    raise Refused(
        "body", f"Attribute {name[:64]!r} of an event is neither a text, an integer of 32 bits nor true or false."
    )


def _arrival(attributes: dict[str, str], payload: bytes) -> Arrival:
    for name in attributes:
        if _NAME.fullmatch(name) is None:
            raise Refused(
                "body", f"{name[:70]!r} is no name of an attribute: those are of lower-case letters and digits."
            )
    for name in _NEEDED:
        if not attributes.get(name):
            raise Refused("body", f"An event has no attribute {name}.")
    if attributes["specversion"] != "1.0":
        raise Refused("body", f"specversion is {attributes['specversion'][:20]!r}; 1.0 is taken.")
    time = iso(attributes["time"]) if "time" in attributes else None
    if "time" in attributes and time is None:
        raise Refused("body", "The attribute time is not a time as RFC 3339 has them.")
    if parse_object(payload) is None:
        raise Refused("body", "The data of an event are nested deeper than 1,000 levels.")
    said = {name: value for name, value in attributes.items() if name not in ("source", "specversion", "type", "time")}
    return Arrival(
        type=attributes["type"],
        payload=payload,
        keys=(hash_key(attributes["source"], attributes["id"]),),
        time=time,
        source=attributes["source"],
        about=said,
    )
