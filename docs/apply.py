"""Writes the reference of eventyard.yml in docs/apply.md, and its schema for editors, anew from the reader's table.

python docs/apply.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session

from eventyard.cli.stacks.apply import schema_text
from eventyard.stacks import KINDS
from eventyard.templates.own import FILE, SECTIONS
from eventyard.templates.own.forms import Anything, Field, Fields, Flag, Form, ListOf, MapOf, Number, Open, Short, Text

PAGE = Path(__file__).with_name("apply.md")
SCHEMA = Path(__file__).with_name("eventyard.schema.json")


def page(text: str) -> str:
    """``text`` with the parts between its marks as they should be."""
    return _between(_between(text, "reference", _reference()), "types", _types())


def _between(text: str, name: str, lines: Iterator[str]) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = text.partition(begin)
    return before + begin + "\n".join(lines) + "\n" + end + rest.partition(end)[2]


def _reference() -> Iterator[str]:
    assert isinstance(FILE, Fields)
    yield from _table({name: field for name, field in FILE.fields.items() if name not in SECTIONS})
    shared: dict[str, Fields] = {}
    for section, (form, help) in SECTIONS.items():
        yield from ("", f"### {section}", "", help + _groups(form), "")
        yield from _table(form.fields, shared)
    for name, form in shared.items():
        yield from ("", f"### A {name}", "", _groups(form).strip(), "")
        yield from _table(form.fields)


def _table(fields: Mapping[str, Field], shared: dict[str, Fields] | None = None) -> Iterator[str]:
    yield from ("| key | | what |", "|---|---|---|")
    for name, field in fields.items():
        yield from _row(name, field, shared)


def _row(name: str, field: Field, shared: dict[str, Fields] | None) -> Iterator[str]:
    inner = _inside(field.form)
    target = inner is not None and {"queue", "topic", "arn"} <= inner.fields.keys()
    needed = " **needed**" if field.required else ""
    yield f"| `{name}` | {'a [target](#a-target)' if target else _said(field.form)}{needed} | {field.help} |"
    if target and inner is not None and shared is not None:
        shared["target"] = inner
    elif inner is not None:
        for each, more in inner.fields.items():
            yield from _row(f"{name}.{each}", more, shared)


def _inside(form: Form) -> Fields | None:
    match form:
        case ListOf(item=item):
            return _inside(item)
        case Short(long=long):
            return long
        case Fields():
            return form
    return None


def _groups(form: Fields) -> str:
    words = [f" One of {', '.join(f'`{name}`' for name in group)}." for group in form.one_of]
    words += [f" At least one of {', '.join(f'`{name}`' for name in group)}." for group in form.some_of]
    return "".join(words)


def _said(form: Form) -> str:
    match form:
        case Text(choices=choices, what=what):
            return ", ".join(f"`{choice}`" for choice in choices) or what or "text"
        case Number(least=least, most=most):
            return f"{least} to {most:,}" if most else f"{least} or more"
        case Flag():
            return "true, false"
        case Anything():
            return "anything"
        case Open() | Fields():
            return "object"
        case ListOf(item=item, alone=alone):
            return f"{_said(item)}{', or a list' if alone else ', as a list'}"
        case MapOf(value=value):
            return f"{_said(value)} by name"
        case Short(text=text):
            return f"{_said(text)}, or object"


def _types() -> Iterator[str]:
    yield from ("| type | attributes | a change of these takes a replacement |", "|---|---|---|")
    site = _Shapes()
    for type, kind in KINDS.items():
        attributes = ", ".join(f"`{name}`" for name in kind.attributes)
        replacing = [name for name in sorted(kind.known(site)) if kind.replaces(name, {name: "1"}, {name: "2"})]
        yield f"| `{type}` | {attributes} | {', '.join(f'`{name}`' for name in replacing)} |"


class _Shapes:
    """As much of a site as it takes to know what can be said."""

    account, region, real = "123456789012", "us-east-1", False

    def __init__(self) -> None:
        self._session = botocore.session.get_session()

    def shape(self, service: str, operation: str) -> Any:
        return self._session.get_service_model(service).operation_model(operation).input_shape

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError("nobody is asked")

    def ask(self, method: str, page: str, query: Any = None, body: Any = None) -> dict[str, Any]:
        raise AssertionError("nobody is asked")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
    SCHEMA.write_text(schema_text())
