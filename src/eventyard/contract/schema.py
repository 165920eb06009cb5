"""The checks that every schema passes before it is used: of a document, and of an atom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import jsonschema_rs

from eventyard.contract.finding import Finding, Place
from eventyard.contract.place import Broken, Places, Pointer, line_and_column, read
from eventyard.contract.references import base, broken, circle, needed, references, schemas
from eventyard.contract.validator import DIALECT, Validator
from eventyard.contract.violation import told
from eventyard.errors import InvalidRequest
from eventyard.text import did_you_mean

#: Characters in one schema or example; AWS's registry takes 100,000. Levels of it.
LARGEST, DEEPEST = 1_000_000, 100
_DIALECTS = frozenset(
    f"{scheme}://json-schema.org/{draft}/schema"
    for scheme in ("http", "https")
    for draft in ("draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12")
)


class Text:
    """JSON as it stands in the file ``path``, from ``line`` on. ``value`` is None where ``findings`` say why."""

    def __init__(self, path: str, text: str, line: int) -> None:
        self.path = path
        self.text = text
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
            # What is missing at the end is missing behind what is there, not on the next line.
            at, column = line_and_column(text, min(error.at, len(text.rstrip())))
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
        return self.path, self._line + line - 1, column


def check(text: Text, atoms: Mapping[str, Any], unsound: Collection[str] = ()) -> Iterator[Finding]:
    """What is wrong with the schema in ``text``: by its dialect's own schema, its references, its expressions.
    ``unsound``: the ``atoms`` that have something wrong themselves."""
    found = list(alone(text, atoms)) or together(text, atoms, unsound)
    yield from found


def alone(text: Text, atoms: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the schema in ``text`` whatever is in the ``atoms`` that it refers to."""
    schema = text.value
    if not isinstance(schema, dict | bool):
        yield text.finding((), "bad-schema", "A schema is a JSON object (or true or false).")
        return
    if isinstance(schema, bool):
        return
    # Asked first, because the library would fetch a dialect that it does not know.
    unknown = [(pointer, node["$schema"]) for pointer, node in schemas(schema, ()) if not _is_known(node)]
    for pointer, dialect in unknown:
        message = f"{dialect!r} is no dialect that is known. Known are Draft 4, 6, 7, 2019-09 and 2020-12."
        yield text.finding((*pointer, "$schema"), "unknown-dialect", message)
    if unknown:
        return
    try:
        jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})
    except jsonschema_rs.ValidationError as error:
        for violation in told(error):
            yield text.finding(tuple(error.instance_path), "bad-schema", f"{violation.message}.")
        return
    for pointer, reference in broken(schema, atoms):
        hint = did_you_mean(reference, atoms)
        message = f"{reference} is not in this repository, and nothing is fetched from the network.{hint}"
        yield text.finding(pointer, "broken-ref", message)
    yield from _expressions(text, schema)


def _is_known(schema: Mapping[str, Any]) -> bool:
    dialect = schema.get("$schema", DIALECT)
    return isinstance(dialect, str) and dialect.removesuffix("#") in _DIALECTS


def together(text: Text, atoms: Mapping[str, Any], unsound: Collection[str]) -> Iterator[Finding]:
    """What is wrong with the schema in ``text``, which is sound :func:`alone`, because of the atoms behind it."""
    schema, lost = text.value, False
    for pointer, reference in references(schema):
        behind = needed({"$id": base(schema), "$ref": reference}, atoms)
        url = next((each for each in behind if each in unsound), None)
        if url is not None:
            lost = True
            message = f"{url} has errors of its own, and can't be used until they are mended."
            yield text.finding(pointer, "bad-atom", message)
    if lost:
        return
    around = needed(schema, atoms)
    way = circle(schema, around)
    if way is not None:
        yield text.finding((), "circular-ref", f"{' -> '.join(way)} comes back to where it was and says nothing.")
        return
    try:
        Validator(schema, around)
    except InvalidRequest as error:
        yield text.finding((), "bad-schema", f"{error.message.rstrip('.')}.")


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
