"""Models as TypeScript: interfaces for objects, unions for enums, one exported type for each shared schema.

Types only, for TypeScript 4.0 and later; nothing of it is left at run time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from eventyard.codegen.identifier import prose
from eventyard.codegen.shape import (
    Anything,
    Field,
    ListOf,
    MapOf,
    Model,
    Models,
    Named,
    Object,
    OneOf,
    Scalar,
    Shape,
    Tuple,
    Union,
)

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*", re.ASCII)
_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typescript(models: Models) -> str:
    """The source of ``models``."""
    return "\n".join("\n".join(_declaration(model)) + "\n" for model in models.models)


def quoted(text: str) -> str:
    """A text as a literal of ASCII, which is the same in JSON and in TypeScript."""
    return json.dumps(text)


def comment(text: str, indent: str = "") -> Iterator[str]:
    """``text`` as a JSDoc comment; nothing for no text."""
    # An @ at the start of a line would be a tag.
    lines = [line.rstrip().replace("@", "(at)") for line in prose(text).split("\n")]
    if lines == [""]:
        return
    if len(lines) == 1:
        yield f"{indent}/** {lines[0]} */"
        return
    yield f"{indent}/**"
    yield from (f"{indent} * {line}".rstrip() for line in lines)
    yield f"{indent} */"


def _declaration(model: Model) -> Iterator[str]:
    yield from comment(model.description)
    if not isinstance(model.shape, Object):
        yield f"export type {model.name} = {_type(model.shape)};"
        return
    yield f"export interface {model.name} {{"
    for field in model.shape.fields:
        yield from comment(_told(field), "  ")
        mark = "" if field.required else "?"
        yield f"  {_key(field.name)}{mark}: {_type(field.shape)};"
    if model.shape.rest is not None:
        yield f"  [member: string]: {_rest(model.shape)};"
    yield "}"


def _told(field: Field) -> str:
    format = field.shape.format if isinstance(field.shape, Scalar) else None
    return f"{field.description}\nFormat: {format}" if format else field.description


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else quoted(name)


def _rest(shape: Object) -> str:
    """What any member may be: TypeScript wants the known ones to be among that."""
    if shape.rest is None or isinstance(shape.rest, Anything):
        return "unknown"
    known = [_type(field.shape) for field in shape.fields]
    optional = any(not field.required for field in shape.fields)
    types = dict.fromkeys([_type(shape.rest), *known, *(["undefined"] if optional else [])])
    return "unknown" if "unknown" in types else " | ".join(types)


def _type(shape: Shape) -> str:
    match shape:
        case Scalar(kind):
            return _SCALARS[kind]
        case OneOf(texts):
            return " | ".join(texts)
        case Named(name):
            return name
        case ListOf(item):
            return f"Array<{_type(item)}>"
        case MapOf(value):
            return f"Record<string, {_type(value)}>"
        case Tuple(items, rest, least):
            inner = [_type(each) if at < least else f"({_type(each)})?" for at, each in enumerate(items)]
            return f"[{', '.join([*inner, *([] if rest is None else [f'...Array<{_type(rest)}>'])])}]"
        case Union(shapes):
            return " | ".join(dict.fromkeys(_type(each) for each in shapes))
    return "unknown"
