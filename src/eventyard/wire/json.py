"""AWS's JSON protocols (1.0 and 1.1): readers and writers made once per shape from the service's model.

Unknown members are ignored, as AWS does. What a member may hold beyond its type is checked in ``validation``.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from eventyard.errors import InvalidRequest

Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]

_LONG = 1 << 63
_INTEGER = 1 << 31
_KINDS = {str: "STRING_VALUE", bool: "BOOLEAN_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}


def malformed(message: str) -> InvalidRequest:
    """The request can't be read at all, whatever its values."""
    return InvalidRequest(message, "SerializationException")


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``; an empty body is an empty object.

    Raises InvalidRequest (SerializationException) for anything else: broken UTF-8, NaN, nesting deeper than 1,024."""
    if not body:
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed(f"The request body is not valid JSON: {error.msg} at position {error.pos}.") from error
    if not isinstance(value, dict):
        raise malformed("Start of structure or map expected, but the request body is not a JSON object.")
    return value


def read_params(reader: Reader, body: bytes) -> dict[str, Any]:
    try:
        params: dict[str, Any] = reader(parse(body))
    except RecursionError as error:
        raise malformed("The request body is nested too deeply.") from error
    return params


def make_reader(shape: Any, made: dict[str, Reader] | None = None) -> Reader:
    """A function from JSON values to botocore's Python shapes. It raises SerializationException for a wrong type."""
    made = {} if made is None else made
    if shape.name in made:
        return made[shape.name]
    # A shape that contains itself finds this while its own reader is being made.
    made[shape.name] = lambda value: made[shape.name](value)
    kind = shape.type_name
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        made[shape.name] = _structure(shape, made)
    elif kind == "list":
        made[shape.name] = _list(make_reader(shape.member, made))
    elif kind == "map":
        made[shape.name] = _map(make_reader(shape.value, made))
    else:
        made[shape.name] = _SCALARS.get(kind, lambda value: value)
    return made[shape.name]


def _structure(shape: Any, made: dict[str, Reader]) -> Reader:
    members = {
        member.serialization.get("name", name): (name, make_reader(member, made))
        for name, member in shape.members.items()
    }

    def read(value: Any) -> Any:
        if value.__class__ is not dict:
            raise malformed("Unexpected value: a structure was expected.")
        result = {}
        for key, item in value.items():
            if item is not None and key in members:
                name, reader = members[key]
                result[name] = reader(item)
        return result

    return read


def _list(reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is not list:
            raise malformed("Expected list or null")
        return [None if item is None else reader(item) for item in value]

    return read


def _map(reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is not dict:
            raise malformed("Expected map or null")
        return {key: reader(item) for key, item in value.items() if item is not None}

    return read


def _wrong(value: Any, wanted: str) -> InvalidRequest:
    kind = _KINDS.get(type(value))
    if kind is None:
        return malformed("Start of structure or map found where not expected." if isinstance(value, dict) else
                         "Start of list found where not expected.")  # fmt: skip
    return malformed(f"{kind} can not be converted to {wanted}")


def _string(value: Any) -> Any:
    if value.__class__ is not str:
        raise _wrong(value, "a String")
    return value


def _boolean(value: Any) -> Any:
    if value.__class__ is not bool:
        raise _wrong(value, "a Boolean")
    return value


def _whole(limit: int, wanted: str) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is float and value.is_integer():
            value = int(value)
        if value.__class__ is not int:
            raise _wrong(value, wanted)
        if not -limit <= value < limit:
            raise malformed(f"NUMBER_VALUE can not be converted to {wanted}: it is out of range")
        return value

    return read


def _float(value: Any) -> Any:
    if value.__class__ is not float and value.__class__ is not int:
        raise _wrong(value, "a Float")
    return float(value)


def _blob(value: Any) -> Any:
    _string(value)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed("A blob is not valid base64.") from error


def read_timestamp(value: Any) -> datetime:
    """From epoch seconds (whole, fractional, or as text) or an ISO 8601 text; without a zone it is UTC."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong(value, "a Timestamp")
    try:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                moment = datetime.fromisoformat(value)
                return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if not math.isfinite(value):
            raise ValueError("not finite")
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise malformed(f"'{str(value)[:100]}' can not be converted to a Timestamp") from error


_SCALARS: dict[str, Reader] = {
    "string": _string,
    "character": _string,
    "boolean": _boolean,
    "integer": _whole(_INTEGER, "an Integer"),
    "long": _whole(_LONG, "a Long"),
    "float": _float,
    "double": _float,
    "blob": _blob,
    "timestamp": read_timestamp,
}


def read_scalar(kind: str, value: Any) -> Any:
    """The value of a member of this type, which is no structure, list or map. Raises SerializationException."""
    return _SCALARS.get(kind, lambda value: value)(value)


def make_writer(shape: Any, made: dict[str, Writer] | None = None) -> Writer:
    """A function from botocore's Python shapes to what orjson can dump; None is left out of structures."""
    made = {} if made is None else made
    if shape.name in made:
        return made[shape.name]
    made[shape.name] = lambda value: made[shape.name](value)
    kind = shape.type_name
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        made[shape.name] = _write_structure(shape, made)
    elif kind == "list":
        made[shape.name] = _write_list(make_writer(shape.member, made))
    elif kind == "map":
        made[shape.name] = _write_map(make_writer(shape.value, made))
    elif kind == "timestamp":
        made[shape.name] = iso if shape.serialization.get("timestampFormat") == "iso8601" else epoch
    elif kind == "blob":
        made[shape.name] = text_of_blob
    else:
        made[shape.name] = lambda value: value
    return made[shape.name]


def _write_structure(shape: Any, made: dict[str, Writer]) -> Writer:
    members = {
        name: (member.serialization.get("name", name), make_writer(member, made))
        for name, member in shape.members.items()
    }

    def write(value: Any) -> Any:
        result = {}
        for name, item in value.items():
            if name not in members:
                raise TypeError(f"{shape.name} has no member {name}")
            if item is not None:
                key, writer = members[name]
                result[key] = writer(item)
        return result

    return write


def _write_list(writer: Writer) -> Writer:
    return lambda value: [writer(item) for item in value]


def _write_map(writer: Writer) -> Writer:
    return lambda value: {key: writer(item) for key, item in value.items() if item is not None}


class Moment(float):
    """Epoch seconds that are answered with their milliseconds, as Kinesis does."""


def epoch(value: Any) -> int | float:
    """Whole seconds, as most services of AWS answer."""
    if isinstance(value, Moment):
        return round(float(value), 3)
    return int(value.timestamp() if isinstance(value, datetime) else value)


def iso(value: Any) -> str:
    """The form of shapes that the model gives the format iso8601."""
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of_blob(value: Any) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
