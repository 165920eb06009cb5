"""Rules about examples, which people read first and copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventyard.contract.place import Pointer
from eventyard.contract.references import schemas
from eventyard.contract.schema import Text
from eventyard.contracts.lint.described import Described, Level
from eventyard.contracts.lint.rule import Found, Subject


def no_example(subject: Subject) -> Iterator[Found]:
    for document, contract in subject.whole():
        if not contract.examples:
            message = 'There is no section "## Example"; a real one says more than the schema.'
            yield (document.path, max(1, len(document.text.splitlines())), 1), message


def bad_example(subject: Subject) -> Iterator[Found]:
    for document, contract in subject.whole():
        check = subject.repository.validator(contract)
        for text, example in zip(document.examples, contract.examples, strict=True):
            for violation in check.violations(example.detail):
                yield text.place(_pointer(violation.path, example.detail)), f"{violation}."
    for document, _ in subject.whole():
        if document.schema is not None:
            yield from _inner(subject.described[document.path], document.schema)
    for url, text in subject.atoms():
        yield from _inner(subject.described[url], text)


def unknown_field(subject: Subject) -> Iterator[Found]:
    for document, contract in subject.whole():
        described = subject.described[document.path]
        broken = subject.repository.validator(contract)
        for text, example in zip(document.examples, contract.examples, strict=True):
            # What the schema refuses is found by bad-example.
            refused = {_pointer(each.path, example.detail) for each in broken.violations(example.detail)}
            for pointer in _undescribed(described, described.top, example.detail, ()):
                if pointer not in refused:
                    name = ".".join(map(str, pointer))
                    yield text.place(pointer), f"{name} is allowed, but nothing in the schema describes it."


def _inner(described: Described, text: Text) -> Iterator[Found]:
    """The examples and defaults that stand in a schema."""
    home = described.scope.top
    for pointer, node in schemas(text.value, ()):
        shown: list[tuple[str, Pointer, Any]] = [
            ("example", ("examples", at), each) for at, each in enumerate(_list(node.get("examples")))
        ]
        if "default" in node:
            shown.append(("default", ("default",), node["default"]))
        for kind, where, value in shown:
            # The scope has a copy of the outermost schema, with its dialect.
            part = home if not pointer else home.inner(node)
            for violation in described.scope.violations(part, value):
                at = (*pointer, *where, *_pointer(violation.path, value))
                yield text.place(at), f"The {kind} is not valid: {violation.message}."


def _undescribed(described: Described, level: Level, value: Any, pointer: Pointer) -> Iterator[Pointer]:
    if isinstance(value, dict):
        members = level.members()
        for name, inner in value.items():
            if name in members or level.others():
                yield from _undescribed(described, described.member(level, name), inner, (*pointer, name))
            elif members:  # an object of which nothing is described is meant to be free
                yield (*pointer, name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _undescribed(described, described.items(level), inner, (*pointer, index))


def _pointer(path: str, value: Any) -> Pointer:
    """The steps of the JSON pointer ``path`` into ``value``."""
    steps: list[str | int] = []
    for step in path.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            steps.append(int(name))
            value = value[int(name)]
        else:
            steps.append(name)
            value = value.get(name) if isinstance(value, dict) else None
    return tuple(steps)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
