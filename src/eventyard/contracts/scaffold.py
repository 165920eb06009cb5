"""The first text of a new document: valid from the start, with what only people can say still to be said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import orjson
from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from eventyard.contract import Contract, Document, Repository
from eventyard.contracts.lint.words import words
from eventyard.contracts.placeholders import MEANING
from eventyard.contracts.samples import samples
from eventyard.errors import InvalidRequest

_TYPES = ("string", "integer", "number", "boolean", "object", "array")
_FORMATS = ("date", "date-time", "time", "duration", "email", "uri", "uuid", "ipv4", "ipv6", "hostname")


class Field(msgspec.Struct, frozen=True):
    """A member of the new event. ``kind``: a type or format of JSON Schema, or the last step of an atom's URL."""

    name: str
    kind: str
    required: bool = True


def field(text: str) -> Field:
    """``price=money``, or ``note?=string`` for one that may be missing. Raises InvalidRequest for anything else."""
    name, found, kind = text.partition("=")
    if not found or not name.rstrip("?") or not kind:
        raise InvalidRequest(
            f"A field is NAME=TYPE, or NAME?=TYPE if it may be missing, as in price=money, not {text!r}."
        )
    return Field(name.rstrip("?"), kind, not name.endswith("?"))


def file_name(type: str, version: int) -> str:
    """``lot-selected.md`` for LotSelected, with ``.v2`` in it for a second version."""
    name = "-".join(word.lower() for word in words(type)) or "event"
    return f"{name}.md" if version == 1 else f"{name}.v{version}.md"


def first_text(type: str, settings: dict[str, Any], fields: Sequence[Field], repository: Repository, prose: str) -> str:
    """The document of a new event with ``fields``, and an example of it. ``settings``: those of its YAML block besides
    the type. Raises InvalidRequest for a field of a kind that is unknown."""
    title = " ".join(word[:1].upper() + word[1:] for word in words(type))
    schema = {
        "title": title,
        "type": "object",
        "additionalProperties": False,
        "required": [each.name for each in fields if each.required],
        "properties": {each.name: _schema(each, repository) for each in fields},
    }
    (example, *_) = samples(Contract(type, "", schema, ""), repository, 1)
    block = StringIO()
    yaml = YAML()
    yaml.indent(sequence=4, offset=2)
    yaml.dump({"type": type, **settings}, block)
    return (
        f"# {title}\n\n```yaml\n{block.getvalue()}```\n\n{prose}\n\n## Schema\n\n```json\n{pretty(schema)}\n```\n\n"
        f"## Example\n\n```json\n{pretty(example)}\n```\n"
    )


def next_version(document: Document, version: int) -> str:
    """The text of ``document`` as the ``version`` to begin with."""
    line = document.lines.get("version")
    lines = document.text.splitlines(keepends=True)
    for name in ("deprecated", "sunset"):
        if name in document.lines:
            lines[document.lines[name] - 1] = ""
    if line is not None:
        lines[line - 1] = f"version: {version}\n"
    else:
        lines.insert(document.lines["type"], f"version: {version}\n")
    return "".join(lines)


def pretty(value: Any, indent: int = 0) -> str:
    """JSON for people: what fits on a line stands on one, but for the outermost value."""
    flat = _flat(value)
    if not isinstance(value, dict | list) or not value or (indent and len(flat) + indent <= 110):
        return flat
    space, inner = " " * indent, " " * (indent + 2)
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + pretty(each, indent + 2) for each in value) + f"\n{space}]"
    members = (f"{inner}{_flat(name)}: {pretty(each, indent + 2)}" for name, each in value.items())
    return "{\n" + ",\n".join(members) + f"\n{space}}}"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(name)}: {_flat(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return orjson.dumps(value).decode()


def _schema(field: Field, repository: Repository) -> dict[str, Any]:
    if field.kind in _TYPES:
        return {"description": MEANING, "type": field.kind}
    if field.kind in _FORMATS:
        return {"description": MEANING, "type": "string", "format": field.kind}
    atoms = [url for url in repository.atoms if re.split(r"[/#]", url)[-1] == field.kind]
    if len(atoms) == 1:
        return {"$ref": atoms[0]}
    if atoms:
        raise InvalidRequest(f"{field.name}: several atoms end with {field.kind}: {', '.join(sorted(atoms))}.")
    known = (*_TYPES, *_FORMATS, *sorted(re.split(r"[/#]", url)[-1] for url in repository.atoms))
    raise InvalidRequest(f"{field.name}: there is no type, format or atom {field.kind}. There are {', '.join(known)}.")
