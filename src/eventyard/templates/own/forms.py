"""The forms that values in the file can have: one table, of which the reader checks and the editors' schema is made."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

Path = tuple[str | int, ...]
Found = tuple[Path, str, str]
"""Where in the file, the rule that is broken, and a sentence."""


class Text(msgspec.Struct, frozen=True, tag=True):
    """A text; a number or yes and no are taken as they are written. ``choices``: all that it can be."""

    choices: tuple[str, ...] = ()
    pattern: str = ""
    what: str = ""


class Number(msgspec.Struct, frozen=True, tag=True):
    """A whole number."""

    least: int = 0
    most: int | None = None


class Flag(msgspec.Struct, frozen=True, tag=True):
    """true or false."""


class Anything(msgspec.Struct, frozen=True, tag=True):
    """Whatever JSON can say."""


class Open(msgspec.Struct, frozen=True, tag=True):
    """An object with any members."""


class ListOf(msgspec.Struct, frozen=True, tag=True):
    """A list; what stands alone is a list of one, if ``alone``."""

    item: Form
    alone: bool = False
    least: int = 0


class MapOf(msgspec.Struct, frozen=True, tag=True):
    """Values by names. ``empty``: nothing behind it, or behind a name, is an object without members."""

    value: Form
    empty: bool = False


class Field(msgspec.Struct, frozen=True):
    """``to``: the property that it becomes, "" if more has to be done. ``help``: for the reference and for editors."""

    form: Form
    help: str
    to: str = ""
    required: bool = False


class Fields(msgspec.Struct, frozen=True, tag=True):
    """An object with these members. ``one_of``: exactly one of each of these groups is said; ``some_of``: at least
    one."""

    fields: Mapping[str, Field]
    one_of: tuple[tuple[str, ...], ...] = ()
    some_of: tuple[tuple[str, ...], ...] = ()


class Short(msgspec.Struct, frozen=True, tag=True):
    """A text, or, where there is more to say, an object."""

    text: Text
    long: Fields


Form = Text | Number | Flag | Anything | Open | ListOf | MapOf | Fields | Short


def check(form: Form, value: Any, at: Path = ()) -> Iterator[Found]:
    """All that is wrong with the form of ``value``."""
    match form:
        case Text():
            yield from _check_text(form, value, at)
        case Number(least=least, most=most):
            if _interpolated(value):
                return
            if isinstance(value, bool) or not isinstance(value, int) or value < least or (most and value > most):
                limit = f"from {least} to {most}" if most else f"of {least} or more"
                yield at, "bad-value", f"{_name(at)} is a whole number {limit}, not {_shown(value)}."
        case Flag():
            if not isinstance(value, bool):
                yield at, "bad-value", f"{_name(at)} is true or false, not {_shown(value)}."
        case Open():
            if not isinstance(value, Mapping):
                yield at, "bad-value", f"{_name(at)} is an object, not {_shown(value)}."
        case ListOf(item=item, alone=alone, least=least):
            if isinstance(value, list):
                if len(value) < least:
                    yield at, "bad-value", f"{_name(at)} is empty."
                for index, each in enumerate(value):
                    yield from check(item, each, (*at, index))
            elif alone:
                yield from check(item, value, at)
            else:
                yield at, "bad-value", f"{_name(at)} is a list, not {_shown(value)}."
        case MapOf(value=inner, empty=empty):
            if value is None and empty:
                return
            if not isinstance(value, Mapping):
                yield at, "bad-value", f"{_name(at)} has a name for each of its values, and is not {_shown(value)}."
                return
            for name, each in value.items():
                yield from check(inner, {} if each is None and empty else each, (*at, name))
        case Fields():
            yield from _check_fields(form, value, at)
        case Short(text=text, long=long):
            yield from check(long if isinstance(value, Mapping) else text, value, at)
        case Anything():
            pass


def schema(form: Form) -> dict[str, Any]:
    """The same as JSON Schema (Draft 7, which editors know)."""
    match form:
        case Text(choices=choices, pattern=pattern):
            if choices:
                return {"enum": list(choices)}
            if pattern:
                return {"type": "string", "pattern": f"^(?:{pattern})$|{_INTERPOLATION}"}
            return {"type": ["string", "number", "boolean"]}
        case Number(least=least, most=most):
            number = {"type": "integer", "minimum": least} | ({"maximum": most} if most else {})
            return {"anyOf": [number, {"type": "string", "pattern": _INTERPOLATION}]}
        case Flag():
            return {"type": "boolean"}
        case Open():
            return {"type": "object"}
        case ListOf(item=item, alone=alone, least=least):
            several = {"type": "array", "items": schema(item)} | ({"minItems": least} if least else {})
            return {"anyOf": [several, _but_no_list(schema(item))]} if alone else several
        case MapOf(value=inner, empty=empty):
            value = schema(inner)
            nothing = empty and not list(check(inner, {}))
            value = {"anyOf": [value, {"type": "null"}]} if nothing else value
            return {"type": ["object", "null"] if empty else "object", "additionalProperties": value}
        case Fields():
            return _fields_schema(form)
        case Short(text=text, long=long):
            return {"anyOf": [schema(text), schema(long)]}
        case Anything():
            return {}


def unknown(name: str, known: Iterable[str], said: str = "") -> str:
    """The sentence for a name that is none of ``known``. ``said``: how to speak of it."""
    there = list(known)
    near = difflib.get_close_matches(name, there, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(there)}." if there else "there are none."
    return f"{said or name} is not known; {hint}"


_INTERPOLATION = r"\$\{[^}]+\}"


def _check_text(form: Text, value: Any, at: Path) -> Iterator[Found]:
    if isinstance(value, Mapping | list) or value is None:
        what = form.what or "a text"
        yield at, "bad-value", f"{_name(at)} is {what}, not {_shown(value)}."
    elif form.choices and value not in form.choices:
        near = difflib.get_close_matches(str(value), form.choices, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        yield at, "bad-value", f"{_name(at)} is one of {', '.join(form.choices)}, not {_shown(value)}.{hint}"
    elif form.pattern and not _interpolated(value) and not _matches(form.pattern, value):
        yield at, "bad-value", f"{_name(at)} is {form.what}, not {_shown(value)}."


def _matches(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _check_fields(form: Fields, value: Any, at: Path) -> Iterator[Found]:
    if not isinstance(value, Mapping):
        yield at, "bad-value", f"{_name(at)} says {', '.join(form.fields)}, and is not {_shown(value)}."
        return
    for name, each in value.items():
        field = form.fields.get(name)
        if field is None:
            yield (*at, name), "unknown-key", unknown(name, form.fields)
        else:
            yield from check(field.form, each, (*at, name))
    for name, field in form.fields.items():
        if field.required and name not in value:
            yield at, "missing-key", f"{_name(at)} does not say {name}."
    for group in form.one_of:
        said = [name for name in group if name in value]
        if len(said) > 1:
            yield (*at, said[1]), "bad-value", f"{_name(at)} says {' and '.join(said)}; only one of them can be."
        elif not said:
            yield at, "missing-key", f"{_name(at)} says none of {', '.join(group)}."
    for group in form.some_of:
        if not any(name in value for name in group):
            yield at, "missing-key", f"{_name(at)} says none of {', '.join(group)}."


def _fields_schema(form: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: schema(field.form) | {"description": field.help} for name, field in form.fields.items()},
    }
    if required := [name for name, field in form.fields.items() if field.required]:
        found["required"] = required
    groups = [{"oneOf": [{"required": [name]} for name in group]} for group in form.one_of]
    groups += [{"anyOf": [{"required": [name]} for name in group]} for group in form.some_of]
    return found | ({"allOf": groups} if groups else {})


def _but_no_list(item: dict[str, Any]) -> dict[str, Any]:
    return {"allOf": [item, {"not": {"type": "array"}}]}


def _interpolated(value: Any) -> bool:
    return isinstance(value, str) and re.search(_INTERPOLATION, value) is not None


def _name(at: Path) -> str:
    """What people call the place."""
    words = [str(each) if isinstance(each, str) else f"number {each + 1}" for each in at[-2:]]
    if len(words) == 2 and isinstance(at[-1], int):
        return f"{words[1]} of {words[0]}"
    return words[-1] if words else "The file"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)[:60]
