"""AWS's query protocol: form bodies in, XML out. Readers and writers are made once per shape of the model."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from eventyard.errors import InvalidRequest
from eventyard.wire.json import malformed, read_timestamp, text_of_blob

#: Form parameters as a tree: "Tag.1.Key=a" is {"Tag": {"1": {"Key": {"": "a"}}}}; the value of a node is at "".
Tree = dict[str, Any]
Reader = Callable[[Tree], Any]
Writer = Callable[[str, Any, list[str]], None]

_DEEPEST = 32
_MOST_FIELDS = 20_000
#: Characters that XML 1.0 can't carry at all.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse_form(body: bytes) -> dict[str, str]:
    """The parameters of a form body or query string; of a repeated name the last value."""
    try:
        return dict(
            parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS),
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise InvalidRequest("The request's parameters are not a valid UTF-8 form.", "MalformedQueryString") from error


def grow(form: dict[str, str]) -> Tree:
    tree: Tree = {}
    for name, value in form.items():
        steps = name.split(".", _DEEPEST)
        if len(steps) > _DEEPEST:
            raise InvalidRequest(f"The parameter {name[:100]} is nested too deeply.", "MalformedQueryString")
        node = tree
        for step in steps:
            node = node.setdefault(step, {})
        node[""] = value
    return tree


def make_reader(shape: Any, made: dict[str, Reader] | None = None) -> Reader:
    """A function from a node of the tree to botocore's Python shapes."""
    made = {} if made is None else made
    # The names of members can differ from place to place, so only structures are shared.
    kind = shape.type_name
    if kind == "structure":
        if shape.name not in made:
            made[shape.name] = lambda node: made[shape.name](node)
            made[shape.name] = _structure(shape, made)
        return made[shape.name]
    if kind == "list":
        return _list(shape, make_reader(shape.member, made))
    if kind == "map":
        return _map(shape, make_reader(shape.value, made))
    scalar = _SCALARS.get(kind, _string)
    return lambda node: scalar(node.get("", ""))


def names_of(name: str, member: Any) -> list[str]:
    """What a member may be called in a request: the documented name first, the model's own as well."""
    names = [member.serialization.get("name", name)]
    if member.type_name == "list" and member.serialization.get("flattened"):
        names.insert(0, member.member.serialization.get("name", names[0]))
    return list(dict.fromkeys([*names, name]))


def _structure(shape: Any, made: dict[str, Reader]) -> Reader:
    members = []
    for name, member in shape.members.items():
        flat_list = member.type_name == "list" and member.serialization.get("flattened")
        needed = flat_list and name in shape.required_members
        members.append((name, names_of(name, member), make_reader(member, made), needed))

    def read(node: Tree) -> Any:
        result: dict[str, Any] = {}
        for name, spellings, reader, needed in members:
            for spelling in spellings:
                if spelling in node:
                    result[name] = reader(node[spelling])
                    break
            else:
                # The query protocol can't tell an empty list from none: let the operation speak of emptiness.
                if needed:
                    result[name] = []
        return result

    return read


def _list(shape: Any, reader: Reader) -> Reader:
    wrapper = shape.member.serialization.get("name", "member")
    flat = shape.serialization.get("flattened")

    def read(node: Tree) -> Any:
        if not flat or ("member" in node and len(node) == 1):
            node = node.get(wrapper) or node.get("member") or node
        items = _numbered(node)
        if not items and node.get(""):
            items = [node]  # "AttributeName=All", a list of one without its number
        return [reader(item) for item in items]

    return read


def _map(shape: Any, reader: Reader) -> Reader:
    key = shape.key.serialization.get("name", "key")
    value = shape.value.serialization.get("name", "value")

    def read(node: Tree) -> Any:
        node = node.get("entry") or node
        entries = [node] if key in node else _numbered(node)
        result = {}
        for entry in entries:
            name: Tree = entry.get(key) or entry.get("key") or {}
            item: Tree = entry.get(value) or entry.get("value") or {}
            result[name.get("", "")] = reader(item)
        return result

    return read


def _numbered(node: Tree) -> list[Tree]:
    numbers = sorted((int(step), step) for step in node if step.isascii() and step.isdigit() and len(step) < 10)
    return [node[step] for _, step in numbers]


def _string(text: str) -> Any:
    return text


def _whole(text: str) -> Any:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise InvalidRequest(f"'{text[:100]}' is not a whole number.", "MalformedInput")
    return int(text)


def _decimal(text: str) -> Any:
    try:
        return float(text)
    except ValueError as error:
        raise InvalidRequest(f"'{text[:100]}' is not a number.", "MalformedInput") from error


def _boolean(text: str) -> Any:
    if text.lower() not in ("true", "false"):
        raise InvalidRequest(f"'{text[:100]}' is not a boolean.", "MalformedInput")
    return text.lower() == "true"


def _blob(text: str) -> Any:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed("A blob is not valid base64.") from error


_SCALARS: dict[str, Callable[[str], Any]] = {
    "integer": _whole,
    "long": _whole,
    "float": _decimal,
    "double": _decimal,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": read_timestamp,
}


def make_writer(shape: Any, made: dict[str, Writer] | None = None) -> Writer:
    """A function that adds an element of the given name for a value in botocore's Python shape."""
    made = {} if made is None else made
    kind = shape.type_name
    if kind == "structure":
        if shape.name not in made:
            made[shape.name] = lambda tag, value, out: made[shape.name](tag, value, out)
            made[shape.name] = _write_structure(shape, made)
        return made[shape.name]
    if kind == "list":
        return _write_list(shape, make_writer(shape.member, made))
    if kind == "map":
        return _write_map(shape, make_writer(shape.value, made))

    def write(tag: str, value: Any, out: list[str]) -> None:
        out.append(f"<{tag}>{_text(kind, value)}</{tag}>")

    return write


def _write_structure(shape: Any, made: dict[str, Writer]) -> Writer:
    members = {
        name: (member.serialization.get("name", name), make_writer(member, made))
        for name, member in shape.members.items()
    }

    def write(tag: str, value: Any, out: list[str]) -> None:
        out.append(f"<{tag}>")
        for name, item in value.items():
            if name not in members:
                raise TypeError(f"{shape.name} has no member {name}")
            if item is not None:
                inner, writer = members[name]
                writer(inner, item, out)
        out.append(f"</{tag}>")

    return write


def _write_list(shape: Any, writer: Writer) -> Writer:
    member = shape.member.serialization.get("name")
    flat = shape.serialization.get("flattened")

    def write(tag: str, value: Any, out: list[str]) -> None:
        if flat:
            for item in value:
                writer(member or tag, item, out)
            return
        out.append(f"<{tag}>")
        for item in value:
            writer(member or "member", item, out)
        out.append(f"</{tag}>")

    return write


def _write_map(shape: Any, writer: Writer) -> Writer:
    key = shape.key.serialization.get("name", "key")
    inner = shape.value.serialization.get("name", "value")
    flat = shape.serialization.get("flattened")

    def write(tag: str, value: Any, out: list[str]) -> None:
        entry = tag if flat else "entry"
        if not flat:
            out.append(f"<{tag}>")
        for name, item in value.items():
            if item is not None:
                out.append(f"<{entry}><{key}>{xml_text(name)}</{key}>")
                writer(inner, item, out)
                out.append(f"</{entry}>")
        if not flat:
            out.append(f"</{tag}>")

    return write


def _text(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == "blob":
        return text_of_blob(value)
    return xml_text(str(value))


def xml_text(text: str) -> str:
    """Escaped for XML; a character XML has no way to carry becomes U+FFFD. A bare return would be read as a newline."""
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;", '"': "&quot;"})


def envelope(operation: str, namespace: str, result: str, request_id: str) -> bytes:
    return (
        f'<?xml version="1.0"?><{operation}Response xmlns="{namespace}">{result}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ).encode()
