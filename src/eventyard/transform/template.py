"""Input templates: text with ``<placeholders>``, filled with values from the event.

Where a placeholder stands decides its form. Outside of quotes a value goes in as JSON. Inside of quotes it goes in as
text: a string without its quotes, an object or a list without its inner quotes.
Sources: user guide, "Amazon EventBridge input transformation"; recorded answers of the service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.transform.path import Step, parse_path, select

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
# An escaped character is one piece, so that the quote of \\" ends a text and the one of \" does not.
_PIECES = re.compile(r'\\.|"', re.DOTALL)

EVENT, EVENT_JSON = "aws.events.event", "aws.events.event.json"
RULE_ARN, RULE_NAME = "aws.events.rule-arn", "aws.events.rule-name"
INGESTION_TIME = "aws.events.event.ingestion-time"
RESERVED = frozenset({EVENT, EVENT_JSON, RULE_ARN, RULE_NAME, INGESTION_TIME})


class Context(msgspec.Struct, frozen=True):
    """What the reserved placeholders speak of. ``ingestion_time``: as an envelope writes times."""

    rule_arn: str
    rule_name: str
    ingestion_time: str


class _Slot(msgspec.Struct, frozen=True):
    name: str
    quoted: bool  #: inside of a quoted text
    whole: bool  #: the quoted text is this placeholder and nothing else


class Template:
    """A template, taken apart once. ``paths``: what each name of the user's own stands for."""

    def __init__(self, target_id: str, text: str, paths: Mapping[str, str]) -> None:
        self._paths: dict[str, tuple[Step, ...]] = {}
        for name, path in paths.items():
            if name.upper().startswith("AWS."):
                raise InvalidRequest(f"InputPathsMap for target {target_id} uses the reserved name {name}.")
            self._paths[name] = parse_path(path)
        self._parts: list[str | _Slot] = []
        at, inside = 0, False
        for found in _PLACEHOLDER.finditer(text):
            literal, name = text[at : found.start()], found.group(1)
            if name not in self._paths and name not in RESERVED:
                raise InvalidRequest(f"InputTemplate for target {target_id} contains invalid placeholder {name}.")
            quotes = [piece.end() for piece in _PIECES.finditer(literal) if piece.group() == '"']
            inside ^= len(quotes) % 2 == 1
            opened_here = bool(quotes) and quotes[-1] == len(literal)
            whole = inside and opened_here and text[found.end() :][:1] == '"'
            self._parts += [literal, _Slot(name, inside, whole)]
            at = found.end()
        self._parts.append(text[at:])
        # A template may also be free text in quotes, on several lines: then it is not one JSON value.
        self._is_json = text.strip()[:1] in ("{", "[")

    def fill(self, body: bytes, context: Context) -> bytes:
        """The payload for an event. Raises InvalidRequest where a JSON template does not come out as JSON."""
        filled: list[bytes] = []
        for part in self._parts:
            if isinstance(part, str):
                filled.append(part.encode())
            else:
                value = self._value(part.name, body, context)
                filled.append(_as_text(value, part.whole) if part.quoted else value or b'""')
        payload = b"".join(filled)
        if self._is_json:
            try:
                msgspec.json.decode(payload, type=msgspec.Raw)
            except msgspec.DecodeError as error:
                raise InvalidRequest(f"The input transformer did not produce valid JSON: {error}") from error
        return payload

    def _value(self, name: str, body: bytes, context: Context) -> bytes | None:
        """The value's JSON text; None where the event has none."""
        path = self._paths.get(name)
        return select(body, path) if path is not None else _RESERVED[name](body, context)


def _as_text(value: bytes | None, whole: bool) -> bytes:
    """How a value stands inside of a quoted text."""
    if value is None:
        return b""
    if value.startswith(b'"'):
        return value[1:-1]
    if value[:1] not in b"{[":
        return value
    if whole:  # AWS keeps the inner quotes of an object that is the whole of a quoted text; the result is no valid JSON
        return value
    return _plain(msgspec.json.decode(value))


def _plain(value: object) -> bytes:
    """An object or a list without its inner quotes, ``{acc_id:0a,tags:[x,y]}``, escaped to stand inside of a text."""
    return msgspec.json.encode(_spelled(value))[1:-1]


def _spelled(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_spelled(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_spelled, value)) + "]"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _without_detail(body: bytes) -> bytes:
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    fields.pop("detail", None)
    # AWS spells this one key differently here than in the event itself.
    return msgspec.json.encode({"detailType" if key == "detail-type" else key: raw for key, raw in fields.items()})


_RESERVED: dict[str, Callable[[bytes, Context], bytes]] = {
    EVENT: lambda body, context: _without_detail(body),
    EVENT_JSON: lambda body, context: body,
    RULE_ARN: lambda body, context: msgspec.json.encode(context.rule_arn),
    RULE_NAME: lambda body, context: msgspec.json.encode(context.rule_name),
    INGESTION_TIME: lambda body, context: msgspec.json.encode(context.ingestion_time),
}
