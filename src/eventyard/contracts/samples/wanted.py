"""What several parts of a schema ask of one value, taken together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from eventyard.contract.validator import Validator
from eventyard.contracts.scope import Impossible, Part

_OF_TYPE = {
    "object": ("properties", "required", "patternProperties", "additionalProperties", "minProperties", "propertyNames"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_ALL = ("object", "array", "string", "integer", "number", "boolean", "null")


class Wanted:
    """``types``: those that are allowed, in the order of the schema; where no part names one, those whose keywords
    are used, else all of them. ``typed``: whether a part names one."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.typed = any("type" in part.node for part in parts)
        self.types = self._types()

    def all(self, keyword: str) -> list[Any]:
        """What each part says of ``keyword``."""
        return [part.node[keyword] for part in self.parts if keyword in part.node]

    def largest(self, keyword: str) -> int:
        """Of a lower limit; 0 if there is none."""
        return max(map(int, self.all(keyword)), default=0)

    def smallest(self, keyword: str) -> int | None:
        """Of an upper limit; None if there is none."""
        return min(map(int, self.all(keyword)), default=None)

    def values(self) -> list[Any] | None:
        """The values that ``enum`` and ``const`` leave to choose from; None where there are neither."""
        lists = [*self.all("enum"), *([value] for value in self.all("const"))]
        return min(lists, key=len) if lists else None

    def shown(self) -> list[Any]:
        """Values that the schema itself shows; they may be wrong."""
        return [*(each for some in self.all("examples") for each in some), *self.all("default")]

    def bounds(self) -> tuple[Fraction | None, bool, Fraction | None, bool]:
        """(least, whether it is excluded, most, whether it is excluded); None where there is no limit."""
        low, below = self._bound("minimum", "exclusiveMinimum", max)
        high, above = self._bound("maximum", "exclusiveMaximum", min)
        return low, below, high, above

    def step(self, whole: bool) -> Fraction | None:
        """What the number is a multiple of; None if it needn't be one."""
        steps = [exact(each) for each in self.all("multipleOf")] + ([Fraction(1)] if whole else [])
        if not steps:
            return None
        numerator = math.lcm(*(each.numerator for each in steps))
        return Fraction(numerator, math.gcd(*(each.denominator for each in steps)))

    def names(self) -> list[str]:
        """The members that the schema describes or requires, in its order."""
        described = dict.fromkeys(name for members in self.all("properties") for name in members)
        return list(described | dict.fromkeys(self.required()))

    def required(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.all("required") if isinstance(names, list) for name in names))

    def member(self, name: str) -> list[Part]:
        """What applies to the member ``name``."""
        return [each for part in self.parts for each in _member(part, name)]

    def closed(self) -> bool:
        """Whether a member that is not described is refused."""
        return any(each is False for each in (*self.all("additionalProperties"), *self.all("unevaluatedProperties")))

    def item(self, index: int) -> list[Part]:
        """What applies to the item at ``index``."""
        return [each for part in self.parts for each in _item(part, index)]

    def _types(self) -> list[str]:
        left: list[str] | None = None
        for given in self.all("type"):
            allowed = [given] if isinstance(given, str) else list(given)
            left = allowed if left is None else _both(left, allowed)
        if left is None:
            used = [name for name, keywords in _OF_TYPE.items() if any(self.all(keyword) for keyword in keywords)]
            return used or list(_ALL)
        if not left:
            raise Impossible("the types exclude each other")
        return left

    def _bound(self, keyword: str, exclusive: str, of: Callable[..., Fraction]) -> tuple[Fraction | None, bool]:
        found: list[tuple[Fraction, bool]] = []
        for part in self.parts:
            # In Draft 4 the exclusive one is a boolean beside the limit.
            strict = part.node.get(exclusive)
            if keyword in part.node:
                found.append((exact(part.node[keyword]), strict is True))
            if strict is not None and not isinstance(strict, bool):
                found.append((exact(strict), True))
        if not found:
            return None, False
        limit = of(each for each, _ in found)
        return limit, any(strict for each, strict in found if each == limit)


def exact(number: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(str(number))


def matches(pattern: str, text: str) -> bool:
    """Whether the schema's regular expression is found in ``text``."""
    return Validator({"pattern": pattern}).is_valid(text)


def _both(left: list[str], right: list[str]) -> list[str]:
    """An integer is a number, too."""
    found = [each for each in left if each in right or (each == "integer" and "number" in right)]
    return found + [each for each in right if each == "integer" and "number" in left and each not in found]


def _member(part: Part, name: str) -> Iterator[Part]:
    node, known = part.node, False
    if name in node.get("properties", ()):
        known = True
        yield part.inner(node["properties"][name])
    for pattern, inner in node.get("patternProperties", {}).items():
        if matches(pattern, name):
            known = True
            yield part.inner(inner)
    if not known and "additionalProperties" in node:
        yield part.inner(node["additionalProperties"])


def _item(part: Part, index: int) -> Iterator[Part]:
    node = part.node
    items = node.get("items", True)
    # Up to 2019-09 a list of items stands for itself, and the rest is in additionalItems.
    first = items if isinstance(items, list) else node.get("prefixItems", [])
    rest = node.get("additionalItems", True) if isinstance(items, list) else items
    yield part.inner(first[index] if index < len(first) else rest)
