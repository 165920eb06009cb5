"""Whether a value has the shape that is asked for, and the value in that shape.

A shape is what ``types.json`` is made of: ``string``, ``integer``, ``number``, ``boolean``, ``json`` (anything),
``[items]``, ``{"values": shape}`` (any keys), ``{"enum": [...]}``, ``{"either": [shapes]}`` and ``{"fields": ...,
"required": [...]}``; as a field also ``{"refused": why}`` and ``{"ignored": why}``, which are named where they are.
Texts, numbers and truth values are taken for one another as CloudFormation does it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from eventyard.contract.finding import Place
from eventyard.resource import Join, Reference
from eventyard.templates.findings import Findings
from eventyard.templates.tree import (
    GONE,
    UNKNOWN,
    Choice,
    Entry,
    Fields,
    Items,
    Missing,
    Node,
    Scalar,
    missing,
    plain,
    settle,
    text,
    unknown,
    word,
)

Shape: TypeAlias = str | list[Any] | Mapping[str, Any]

_WORDS = {"string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?")


def convert(node: Node, shape: Shape, findings: Findings, where: str, rule: str = "unknown-property") -> Any:
    """The value of ``node`` in ``shape``, made of JSON's values, references and joins; :class:`Missing` for what isn't
    there or, with a finding, can't be. ``where``: what to call it. ``rule``: of findings about unknown keys."""
    return _Conversion(findings, rule).convert(node, shape, where)


class _Conversion:
    def __init__(self, findings: Findings, rule: str) -> None:
        self._findings = findings
        self._rule = rule

    def convert(self, node: Node, shape: Shape, where: str) -> Any:
        if isinstance(node, Choice):
            self.convert(node.other, shape, where)
            return self.convert(node.chosen, shape, where)
        if isinstance(node, Scalar) and isinstance(node.value, Missing):
            return node.value
        if isinstance(shape, list):
            return self._list(node, shape[0], where)
        if isinstance(shape, str):
            return _json(node) if shape == "json" else self._scalar(node, shape, where)
        if "fields" in shape:
            return self._fields(node, shape, where)
        if "values" in shape:
            return self._values(node, shape["values"], where)
        if "either" in shape:
            return self.convert(node, self._either(node, shape["either"]), where)
        return self._enum(node, shape["enum"], where)

    def _either(self, node: Node, shapes: list[Shape]) -> Shape:
        """The first of ``shapes`` that is of the node's kind."""
        kind = type(node)
        wanted = {Scalar: (str, dict), Items: (list,), Fields: (dict, str)}[kind]
        for one in shapes:
            known = (
                one == "json"
                or (isinstance(one, str) and kind is Scalar)
                or (isinstance(one, list) and kind is Items)
                or (isinstance(one, dict) and ("enum" in one) == (kind is Scalar) and kind is not Items)
            )
            if isinstance(one, wanted) and known and (not isinstance(node, Scalar) or _fits(node, one)):
                return one
        return shapes[-1]

    def _list(self, node: Node, shape: Shape, where: str) -> Any:
        if not isinstance(node, Items):
            return self._wrong(node, where, "a list")
        made = [self.convert(item, shape, f"{where}[{at}]") for at, item in enumerate(node.items)]
        if any(one is UNKNOWN for one in made):
            return UNKNOWN
        return [one for one in made if one is not GONE]

    def _values(self, node: Node, shape: Shape, where: str) -> Any:
        if not isinstance(node, Fields):
            return self._wrong(node, where, "a mapping")
        made = {name: self.convert(entry.node, shape, f"{where}.{name}") for name, entry in node.entries.items()}
        return _held(made)

    def _fields(self, node: Node, shape: Mapping[str, Any], where: str) -> Any:
        if not isinstance(node, Fields):
            return self._wrong(node, where, "a mapping")
        known = shape["fields"]
        made = {}
        for name, entry in node.entries.items():
            if name in known and (left := self._left_out(f"{where}.{name}", known[name], entry)) is not None:
                made[name] = left
            elif name in known:
                made[name] = self.convert(entry.node, known[name], f"{where}.{name}")
            else:
                self._findings.unknown(entry.place, self._rule, f"In {where}", name, known)
                made[name] = UNKNOWN
        for name in shape.get("required", ()):
            if made.get(name, GONE) is GONE:
                self._findings.error(node.place, "missing-property", f"{where} wants {name}.")
                made[name] = UNKNOWN
        return _held(made)

    def _left_out(self, where: str, shape: Shape, entry: Entry) -> Missing | None:
        """What is refused is unknown, what is ignored is gone; both are findings."""
        if isinstance(shape, Mapping) and "refused" in shape:
            self._findings.error(entry.place, "unsupported-property", f"{where}: {shape['refused']}.")
            return UNKNOWN
        if isinstance(shape, Mapping) and "ignored" in shape:
            self._findings.warn(entry.place, "no-effect", f"{where} has no effect: {shape['ignored']}.")
            return GONE
        return None

    def _enum(self, node: Node, values: list[str], where: str) -> Any:
        value = self._scalar(node, "string", where)
        if isinstance(value, str) and value not in values:
            self._findings.error(node.place, "not-allowed", f"{where} is one of {', '.join(values)}, not {word(node)}.")
            return UNKNOWN
        return value

    def _scalar(self, node: Node, kind: str, where: str) -> Any:
        if not isinstance(node, Scalar) or node.value is None:
            return self._wrong(node, where, _WORDS[kind])
        value = node.value
        if kind == "string":
            return (
                node.text
                if isinstance(value, int | float) and node.text
                else text(value)
                if not isinstance(value, str | Reference | Join)
                else value
            )
        if isinstance(value, Reference | Join):
            return self._wrong(node, where, _WORDS[kind])
        if kind == "boolean":
            if text(value).lower() in ("true", "false"):
                return text(value).lower() == "true"
        elif not isinstance(value, bool):
            if kind == "integer" and isinstance(value, float) and value.is_integer():
                return int(value)
            if kind == "integer" and _INTEGER.fullmatch(text(value).strip()):
                return int(text(value))
            if kind == "number" and isinstance(value, int | float):
                return value
            if kind == "number" and _NUMBER.fullmatch(text(value).strip()):
                return float(text(value))
        return self._wrong(node, where, _WORDS[kind])

    def _wrong(self, node: Node, where: str, wanted: str) -> Missing:
        if not unknown(node):
            self._findings.error(node.place, "wrong-type", f"{where} is {wanted}, not {word(node)}.")
        return UNKNOWN


def _fits(node: Scalar, shape: Shape) -> bool:
    if isinstance(shape, str):
        return {
            "string": True,
            "json": True,
            "boolean": text(node.value).lower() in ("true", "false"),
            "integer": bool(_INTEGER.fullmatch(text(node.value))),
            "number": bool(_NUMBER.fullmatch(text(node.value))),
        }[shape]
    return isinstance(shape, Mapping) and "enum" in shape and text(node.value) in shape["enum"]


def _held(made: dict[str, Any]) -> Any:
    if any(one is UNKNOWN for one in made.values()):
        return UNKNOWN
    return {name: one for name, one in made.items() if one is not GONE}


def _json(node: Node) -> Any:
    return UNKNOWN if _holds_unknown(node) else plain(node)


def _holds_unknown(node: Node) -> bool:
    node = settle(node)
    if isinstance(node, Items):
        return any(_holds_unknown(one) for one in node.items)
    if isinstance(node, Fields):
        return any(_holds_unknown(entry.node) for entry in node.entries.values())
    return missing(node) and node.value is UNKNOWN


def listed(node: Node, place: Place) -> Items:
    """``node`` as a list: itself, or alone in one."""
    settled = settle(node)
    return settled if isinstance(settled, Items) else Items((node,), place)
