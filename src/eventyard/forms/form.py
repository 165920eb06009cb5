"""The form of one event: from a contract to fields, from what is posted to a message and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.contract import Contract, Validator, Violation
from eventyard.contract.references import needed
from eventyard.contract.spot import Schema
from eventyard.forms.action import act
from eventyard.forms.control import Builder, Control
from eventyard.forms.fields import Filler, Read, Reader
from eventyard.forms.layout import Element, complete, layout, plain

_MOST_VIOLATIONS = 200


class Entered(msgspec.Struct, frozen=True):
    """What a form says. ``message``: the event's detail. ``errors``: sentences by the way to the value that they are
    about, in the order of the form's fields; without any, the message keeps its contract."""

    message: Any
    errors: Mapping[str, list[str]]

    @property
    def valid(self) -> bool:
        return not self.errors

    @property
    def json(self) -> str:
        return json.dumps(self.message, ensure_ascii=False, indent=2)


class Box(msgspec.Struct, frozen=True):
    """An element of the layout with what is in it. ``type``: as in JSON Forms."""

    type: str
    label: str = ""
    parts: tuple[Box | Control, ...] = ()


class Form:
    """``ui``: JSON Forms' UI schema, if there is one. Raises InvalidRequest for one that does not fit the contract, and
    for a schema that can't be used."""

    def __init__(self, contract: Contract, atoms: Mapping[str, Any], ui: Any = None) -> None:
        atoms = needed(contract.schema, atoms)
        self.contract = contract
        self._schema = Schema(contract.schema, atoms)
        # Personal data is shown: whoever fills in the form has entered it.
        self._validator = Validator(contract.schema, atoms)
        members = tuple(self._schema.view(self._schema.root).members)
        self._layout = complete(plain(members) if ui is None else layout(ui), members)

    def start(self) -> dict[str, str]:
        """The fields of a new form: the contract's first example, or empty ones."""
        return self.fill(self.contract.examples[0].detail) if self.contract.examples else {}

    def fill(self, message: Any) -> dict[str, str]:
        """The fields that stand for ``message``."""
        return Filler(self._schema).fill(message)

    def act(self, fields: Mapping[str, str], action: str) -> tuple[dict[str, str], str]:
        """The fields after one of the buttons for lists, objects and alternatives, and the way to go to."""
        return act(fields, action)

    def read(self, fields: Mapping[str, str]) -> Entered:
        """The message in ``fields``, checked against the contract."""
        read = Reader(self._schema, fields).read()
        errors = {way: [problem] for way, problem in read.problems.items()}
        for violation in self._validator.violations(read.message, _MOST_VIOLATIONS):
            self._tell(violation, read, errors)
        order = {way: at for at, way in enumerate(read.ways.values())}
        ordered = sorted(errors.items(), key=lambda item: order.get(item[0], len(order)))
        return Entered(read.message, dict(ordered))

    def boxes(
        self, fields: Mapping[str, str], errors: Mapping[str, list[str]], focus: str | None
    ) -> tuple[Box | Control, Control]:
        """The form as it is to be drawn, and the control of the whole event, which is drawn around it."""
        root = Builder(self._schema, fields, errors, focus).root()
        if root.kind != "object":
            return Box("VerticalLayout", parts=(root,)), root
        members = self._schema.view(self._schema.root).members
        by_member = dict(zip(members, root.parts, strict=False))
        others = root.parts[len(members) :]
        box = _box(self._layout, by_member)
        return Box("VerticalLayout", parts=(box, *others)) if others else box, root

    def _tell(self, violation: Violation, read: Read, errors: dict[str, list[str]]) -> None:
        """Enter ``violation`` where it is to be mended, unless something is said there already."""
        way = read.ways.get(violation.path)
        if violation.keyword in ("oneOf", "anyOf") and violation.path in read.chosen:
            inner = self._in_alternative(read, violation.path)
            for each in inner:
                self._tell(each, read, errors)
            if inner:
                return
        pointer = violation.path
        while way is None:  # a member that the form does not know is told at what is around it
            pointer = pointer.rpartition("/")[0]
            way = read.ways.get(pointer)
        if way not in read.problems and violation.message not in errors.setdefault(way, []):
            errors[way].append(violation.message)

    def _in_alternative(self, read: Read, path: str) -> list[Violation]:
        """What is wrong with the value at ``path`` in the light of the alternative that was chosen for it."""
        value = read.message
        for step in path.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            value = value[int(step)] if isinstance(value, list) else value[step]
        return [
            Violation(path + each.path, each.keyword, each.expected, each.actual, each.message)
            for each in self._schema.validator(read.chosen[path]).violations(value, _MOST_VIOLATIONS)
            if each.path or each.keyword not in ("oneOf", "anyOf")
        ]


def _box(element: Element, members: Mapping[str, Control]) -> Box | Control:
    if element.type == "Control":
        control = members[element.member]
        if element.label:
            control = msgspec.structs.replace(control, label=element.label)
        if element.multi and control.kind == "line":
            control = msgspec.structs.replace(control, kind="long")
        return control
    return Box(element.type, element.label or "", tuple(_box(each, members) for each in element.elements))
