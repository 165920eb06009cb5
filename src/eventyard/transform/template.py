"""Input templates: text with ``<placeholders>``, filled with values from the event.

Where a placeholder stands decides its form. Outside of quotes a value goes in as JSON. Inside of quotes it goes in as
text: a string without its quotes, an object or a list without its inner quotes.
Sources: user guide, "Amazon EventBridge input transformation"; recorded answers of the service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from eventyard.detail import deeply
from eventyard.errors import InvalidRequest
from eventyard.transform.path import Step, object_of, parse_path, select

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
# An escaped character is one piece, so that the quote of \\" ends a text and the one of \" does not.
_PIECES = re.compile(r'\\.|"', re.DOTALL)

#: Stands for a value inside of a text while a template is looked at. No template holds it: it is no character.
_STAND_IN = "\ufdd0"
_RAW = msgspec.json.Decoder(msgspec.Raw)
_LOOSE = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"|\s+', re.DOTALL)
_TEXT = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?', re.DOTALL)

EVENT, EVENT_JSON = "aws.events.event", "aws.events.event.json"
RULE_ARN, RULE_NAME = "aws.events.rule-arn", "aws.events.rule-name"
INGESTION_TIME = "aws.events.event.ingestion-time"
RESERVED = frozenset({EVENT, EVENT_JSON, RULE_ARN, RULE_NAME, INGESTION_TIME})


class Context(msgspec.Struct, frozen=True):
    """What the reserved placeholders speak of. ``ingestion_time``: as an envelope writes times. ``attempt``: which try
    to deliver this is, from 1 on."""

    rule_arn: str
    rule_name: str
    ingestion_time: str
    attempt: int = 1


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
        if self._is_json:
            self._check_form(target_id)

    def _check_form(self, target_id: str) -> None:
        """Raises InvalidRequest for a template that can't become JSON, whatever the values: that would show only when
        an event comes. A number stands for each value: nothing that may be a key ("InputTransformer": "The placeholder
        cannot be used as an object key")."""
        filled = [part if isinstance(part, str) else _STAND_IN if part.quoted else "0" for part in self._parts]
        check_json("".join(filled).encode(), f"Invalid InputTemplate for target {target_id}")
        if any(found[2] and _STAND_IN in found[1] for found in _TEXT.finditer("".join(filled))):
            raise InvalidRequest(
                f"Invalid InputTemplate for target {target_id}: a placeholder can't be an object's key."
            )

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
            check_json(payload, "The input transformer did not produce valid JSON")
        return payload

    def _value(self, name: str, body: bytes, context: Context) -> bytes | None:
        """The value's JSON text; None where the event has none."""
        path = self._paths.get(name)
        return select(body, path) if path is not None else _RESERVED[name](body, context)


def check_json(text: bytes, what: str) -> None:
    """Raises InvalidRequest, which begins with ``what``, if ``text`` is not JSON, or deeper than any event."""
    try:
        deeply(_RAW.decode, text)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{what}: {error}") from error
    except RecursionError as error:
        raise InvalidRequest(f"{what}: it is nested too deeply") from error


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
    # Without the quotes of its strings, and the space between its values; what is escaped stays so.
    return _LOOSE.sub(lambda found: found[1] or b"", value)


def _without_detail(body: bytes) -> bytes:
    # AWS spells this one key differently here than in the event itself.
    shown = [
        msgspec.json.encode("detailType" if key == "detail-type" else key) + b":" + bytes(raw)
        for key, raw in object_of(body).items()
        if key != "detail"
    ]
    return b"{" + b",".join(shown) + b"}"


_RESERVED: dict[str, Callable[[bytes, Context], bytes]] = {
    EVENT: lambda body, context: _without_detail(body),
    EVENT_JSON: lambda body, context: body,
    RULE_ARN: lambda body, context: msgspec.json.encode(context.rule_arn),
    RULE_NAME: lambda body, context: msgspec.json.encode(context.rule_name),
    INGESTION_TIME: lambda body, context: msgspec.json.encode(context.ingestion_time),
}
