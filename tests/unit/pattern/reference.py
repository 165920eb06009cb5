"""A slow, obvious matcher to measure the real one by: works on the pattern's plain JSON and tries every choice.

It shares no code with the package: an event is unfolded into every event without arrays that picking one element of
each array gives, and a pattern is walked over each of these.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import itertools
import json
import re
from typing import Any

GONE = object()


class Written(float):
    """A number that is not whole, and how it was written."""

    def __new__(cls, text: str) -> Written:
        self = super().__new__(cls, text)
        self.text = text
        return self


def matches(pattern: str, body: bytes) -> bool:
    whole = json.loads(body, parse_float=Written)
    return any(holds(json.loads(pattern, parse_float=Written), choice, whole, ()) for choice in choices(whole))


def choices(node: Any) -> list[Any]:
    if isinstance(node, list):
        return [choice for element in node for choice in choices(element)] or [GONE]
    if isinstance(node, dict):
        rows = itertools.product(*(choices(value) for value in node.values()))
        return [dict(zip(node, row, strict=True)) for row in rows]
    return [node]


def present(node: Any, path: tuple[str, ...]) -> bool:
    if isinstance(node, list):
        return any(present(element, path) for element in node)
    if isinstance(node, dict):
        return bool(path) and path[0] in node and present(node[path[0]], path[1:])
    return not path


def holds(pattern: Any, node: Any, whole: Any, path: tuple[str, ...]) -> bool:
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(holds(alternative, node, whole, path) for alternative in wanted):
                return False
            continue
        below = node.get(key, GONE) if isinstance(node, dict) else GONE
        if isinstance(wanted, dict):
            if not holds(wanted, below, whole, (*path, key)):
                return False
        elif not any(passes(test, below, whole, (*path, key)) for test in wanted):
            return False
    return True


def passes(test: Any, value: Any, whole: Any, path: tuple[str, ...]) -> bool:
    if test == {"exists": False}:
        return not present(whole, path)
    if value is GONE or isinstance(value, dict):
        return False
    if not isinstance(test, dict):
        return same(test, value)
    [(name, operand)] = test.items()
    return operator(name, operand, value)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, Written) or isinstance(right, Written):
        return getattr(left, "text", "") == getattr(right, "text", "")
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def operator(name: str, operand: Any, value: Any) -> bool:
    text = value if isinstance(value, str) else None
    if name == "exists":
        return True
    if name == "anything-but":
        if isinstance(operand, dict):
            [(inner, operands)] = operand.items()
            operands = operands if isinstance(operands, list) else [operands]
            return not any(operator(inner, each, value) for each in operands)
        return not any(same(each, value) for each in (operand if isinstance(operand, list) else [operand]))
    if name == "numeric":
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 5e9:
            return False
        signs = {"=": "==", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
        pairs = zip(operand[::2], operand[1::2], strict=True)
        return all(eval(f"value {signs[sign]} bound", {"value": value, "bound": bound}) for sign, bound in pairs)
    if text is None:
        return False
    if isinstance(operand, dict):
        return operator(name, operand["equals-ignore-case"].lower(), text.lower())
    if name == "prefix":
        return text.startswith(operand)
    if name == "suffix":
        return text.endswith(operand)
    if name == "equals-ignore-case":
        return text.lower() == operand.lower()
    if name == "wildcard":
        return re.match(fnmatch.translate(operand), text) is not None
    if name == "cidr":
        try:
            return ipaddress.ip_address(text) in ipaddress.ip_network(operand, strict=False)
        except ValueError:
            return False
    raise AssertionError(name)
