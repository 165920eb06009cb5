"""The checks that every schema passes before it is used: of a document, and of an atom."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from eventyard.contract.finding import Finding, Place
from eventyard.contract.place import Broken, Places, Pointer, line_and_column, read
from eventyard.contract.references import broken, circle, schemas
from eventyard.contract.validator import DIALECT, Validator
from eventyard.contract.violation import told
from eventyard.errors import InvalidRequest

#: Characters in one schema or example; AWS's registry takes 100,000. Levels of it.
LARGEST, DEEPEST = 1_000_000, 100
_DIALECTS = frozenset(
    f"json-schema.org/{draft}/schema"
    for draft in ("draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12")
)


class Text:
    """JSON as it stands in the file ``path``, from ``line`` on. ``value`` is None where ``findings`` say why."""

    def __init__(self, path: str, text: str, line: int) -> None:
        self._path = path
        self._line = line
        self.value: Any = None
        self.findings: list[Finding] = []
        self._places = Places(text, {(): 0})
        if len(text) > LARGEST:
            self.findings = [Finding(path, line, 1, "too-large", f"More than {LARGEST:,} characters of JSON.")]
            return
        try:
            self.value, self._places = read(text, DEEPEST)
        except Broken as error:
            at, column = line_and_column(text, error.at)
            self.findings = [Finding(path, line + at - 1, column, "bad-json", f"{error.reason}.")]
            return
        for pointer in self._places.doubled:
            message = f'"{pointer[-1]}" is there twice; only the last one counts. Remove one.'
            self.findings.append(self.finding(pointer, "doubled-key", message))

    def finding(self, pointer: Pointer, rule: str, message: str) -> Finding:
        """A finding about the value at ``pointer``."""
        return Finding(*self.place(pointer), rule, message)

    def place(self, pointer: Pointer) -> Place:
        """Of the value at ``pointer``, or of the nearest around it that is there."""
        line, column = self._places.at(pointer)
        return self._path, self._line + line - 1, column


def check(text: Text, atoms: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the schema in ``text``: by its dialect's own schema, its references, its expressions."""
    schema = text.value
    if not isinstance(schema, dict | bool):
        yield text.finding((), "bad-schema", "A schema is a JSON object (or true or false).")
        return
    if isinstance(schema, bool):
        return
    dialect = schema.get("$schema", DIALECT)
    # Asked first, because the library would fetch a dialect that it does not know.
    if not isinstance(dialect, str) or dialect.rstrip("#").partition("://")[2] not in _DIALECTS:
        message = f"{dialect!r} is no dialect that is known. Known are Draft 4, 6, 7, 2019-09 and 2020-12."
        yield text.finding(("$schema",), "unknown-dialect", message)
        return
    try:
        jsonschema_rs.meta.validate({**schema, "$schema": dialect})
    except jsonschema_rs.ValidationError as error:
        for violation in told(error):
            yield text.finding(tuple(error.instance_path), "bad-schema", f"{violation.message}.")
        return
    lost = False
    for pointer, reference in broken(schema, atoms):
        lost = True
        near = difflib.get_close_matches(reference, list(atoms), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        message = f"{reference} is not in this repository, and nothing is fetched from the network.{hint}"
        yield text.finding(pointer, "broken-ref", message)
    if lost:
        return
    around = circle(schema, atoms)
    if around is not None:
        yield text.finding((), "circular-ref", f"{' -> '.join(around)} comes back to where it was and says nothing.")
        return
    expressions = list(_expressions(text, schema))
    yield from expressions
    if not expressions:
        try:
            Validator(schema, atoms)
        except InvalidRequest as error:
            yield text.finding((), "bad-schema", error.message)


def _expressions(text: Text, schema: Mapping[str, Any]) -> Iterator[Finding]:
    for pointer, expression in _patterns(schema):
        try:
            Validator({"pattern": expression})
        except InvalidRequest:
            message = (
                f"{expression!r} is not a regular expression that can be matched in linear time. "
                "Look-around and back-references can't; say it in another way."
            )
            yield text.finding(pointer, "bad-pattern", message)


def _patterns(schema: Mapping[str, Any]) -> Iterator[tuple[Pointer, str]]:
    for pointer, node in schemas(schema, ()):
        if isinstance(node.get("pattern"), str):
            yield (*pointer, "pattern"), node["pattern"]
        if isinstance(node.get("patternProperties"), dict):
            for expression in node["patternProperties"]:
                yield (*pointer, "patternProperties", expression), expression
