"""Instances of a schema, made at random from its canonical form: at the edges of what it allows, and in the middle."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, cast

import jsonschema_rs
from jsonschema_rs import CanonicalSchema, canonical

from eventyard.contracts.samples.pattern import Pattern
from eventyard.contracts.samples.text import Texts
from eventyard.errors import Unsupported

_DEEPEST = 7
_TRIES = 24
#: Characters or items that an instance has to have at most; longer ones are not made.
_LONGEST = 10_000
_WORDS = ("", "a", "abc", "A1", "hello world", "é", "0", "2026-02-28", "x" * 40)
_BY_TYPE: dict[str, tuple[Any, ...]] = {
    "null": (None,),
    "boolean": (True, False),
    "integer": (0, 1, -1, 7, 10**9, -(10**9)),
    "number": (0, 1, -1, 0.5, -2.25, 10**9, 1e-7),
    "string": _WORDS,
    "array": ([], [1], ["a", "b"], [None]),
    "object": ({}, {"a": 1}, {"other": "x"}),
}


class Stuck(Exception):
    """No instance was found: there is none, or it is beyond what this module can make."""


class Instances:
    """Instances of ``schema``, which is checked with ``formats`` asserted, as everywhere in contracts."""

    def __init__(self, schema: CanonicalSchema, random: Random) -> None:
        self._root = schema
        self._random = random
        self._texts = Texts(random)
        self._checks: dict[CanonicalSchema, Callable[[Any], bool]] = {}

    def some(self, most: int) -> Iterator[Any]:
        """Up to ``most`` instances, not all different; fewer if it gets stuck."""
        failed = 0
        for _ in range(most):
            try:
                yield self._draw(self._root, 0)
            except (Stuck, Unsupported, canonical.CanonicalizationError, RecursionError):
                failed += 1
                if failed > _TRIES:
                    return

    def _draw(self, node: CanonicalSchema, depth: int) -> Any:
        """An instance of ``node``."""
        for _ in range(_TRIES):
            found = self._guess(node, depth)
            if self._allows(node, found):
                return found
        raise Stuck

    def _allows(self, node: CanonicalSchema, value: Any) -> bool:
        check = self._checks.get(node)
        if check is None:
            check = self._checks[node] = jsonschema_rs.validator_for(
                cast("dict[str, Any]", node.to_json_schema()),
                validate_formats=True,
                pattern_options=jsonschema_rs.RegexOptions(),
                offline=True,
            ).is_valid
        return check(value)

    def _guess(self, node: CanonicalSchema, depth: int) -> Any:
        """What might be an instance. Raises Stuck where nothing can be."""
        view = node.view()
        match view:
            case canonical.FalseView() | canonical.RawView():
                raise Stuck
            case canonical.ConstView():
                return view.value
            case canonical.EnumView():
                return self._random.choice(view.values)
            case canonical.MultiTypeView():
                return self._random.choice(_BY_TYPE[self._random.choice(view.types)])
            case canonical.TypedGroupView():
                return self._guess(view.body, depth)
            case canonical.AllOfView() | canonical.AnyOfView() | canonical.OneOfView():
                return self._guess(self._random.choice(view.branches), depth)
            case canonical.ReferenceView():
                target = self._root.definition(view.uri)
                if target is None or depth > 2 * _DEEPEST:
                    raise Stuck
                return self._guess(target, depth + 1)
            case canonical.StringView():
                return self._text(view)
            case canonical.IntegerView() | canonical.NumberView():
                return self._number(view)
            case canonical.ArrayView():
                return self._array(view, depth)
            case canonical.ObjectView():
                return self._object(view, depth)
        return self._random.choice(_BY_TYPE[self._random.choice(tuple(_BY_TYPE))])

    def _text(self, view: canonical.StringView) -> str:
        if (view.min_length or 0) > _LONGEST:
            raise Stuck
        taste = self._random.choice(("any", "any", "least", "most"))
        return self._texts.text(taste, view.formats, view.patterns, view.min_length or 0, view.max_length)

    def _number(self, view: canonical.IntegerView | canonical.NumberView) -> int | float:
        whole = isinstance(view, canonical.IntegerView)
        least = None if view.minimum is None else float(view.minimum)
        most = None if view.maximum is None else float(view.maximum)
        found: list[float] = []
        if least is not None and most is not None:
            found += [least, most, (least + most) / 2]
        elif least is not None:
            found += [least, least + 1, least + 1000]
        elif most is not None:
            found += [most, most - 1, most - 1000]
        else:
            found += [0, 1, -1, 12345]
        value = self._random.choice(found) + self._random.choice((0, 0, 1, -1) if whole else (0, 0, 1, -1, 0.5, 0.125))
        if view.multiple_of:
            step = float(view.multiple_of[0])
            value = (math.ceil if self._random.random() < 0.5 else math.floor)(value / step) * step
        return int(value) if whole or float(value).is_integer() else value

    def _array(self, view: canonical.ArrayView, depth: int) -> list[Any]:
        least = max(view.min_items or 0, sum(each.min_contains or 1 for each in view.contains))
        if least > _LONGEST:
            raise Stuck
        more = 0 if depth > _DEEPEST else self._random.choice((0, 0, 1, 2))
        most = least + more if view.max_items is None else min(view.max_items, least + more)
        items: list[Any] = []
        for each in view.contains:
            items += [
                self._draw(each.schema, depth + 1) for _ in range(1 if each.min_contains is None else each.min_contains)
            ]
        repeat = view.distinctness == canonical.Distinctness.SOME_REPEATED
        for at in range(len(items), max(most, least, 2 if repeat else 0)):
            if at < len(view.prefix_items):
                items.insert(at, self._draw(view.prefix_items[at], depth + 1))
            elif repeat and items:
                items.append(items[-1])
            else:
                items.append(self._draw(view.items, depth + 1) if view.items is not None else self._anything())
        return items

    def _object(self, view: canonical.ObjectView, depth: int) -> dict[str, Any]:
        names = list(view.required)
        for name in view.properties:
            if name not in names and depth <= _DEEPEST and self._random.random() < 0.5:
                names.append(name)
        found: dict[str, Any] = {}
        for name in names:
            try:
                found[name] = self._member(view, name, depth)
            except (Stuck, Unsupported):
                if name in view.required:
                    raise
        for each in view.violations:
            name, value = self._violation(view, each, depth)
            found[name] = value
        least, wanted = view.min_properties or 0, self._random.random() < 0.25 and depth <= _DEEPEST
        for _ in range(_TRIES):
            if len(found) >= least + wanted:
                break
            name = self._name(view)
            found.setdefault(name, self._member(view, name, depth))
        return found

    def _name(self, view: canonical.ObjectView) -> str:
        if view.pattern_properties and self._random.random() < 0.5:
            return Pattern(self._random.choice(list(view.pattern_properties))).text(self._random, 4)
        if view.property_names is not None:
            return str(self._draw(view.property_names, _DEEPEST))
        return self._random.choice(("other", "extra", "x1", "unknown", "a", "b"))

    def _member(self, view: canonical.ObjectView, name: str, depth: int) -> Any:
        if name in view.properties:
            return self._draw(view.properties[name], depth + 1)
        for pattern, schema in view.pattern_properties.items():
            if self._allows(_pattern(pattern), name):
                return self._draw(schema, depth + 1)
        if view.additional_properties is not None:
            return self._draw(view.additional_properties, depth + 1)
        return self._anything()

    def _violation(self, view: canonical.ObjectView, violation: Any, depth: int) -> tuple[str, Any]:
        """A member that breaks what must be broken."""
        match violation:
            case canonical.NameFailsView():
                name = self._other_name(view, violation.schema)
                return name, self._member(view, name, depth)
            case canonical.UndeclaredValueFailsView():
                for _ in range(_TRIES):
                    name = self._name(view)
                    if name not in violation.names:
                        return name, self._draw(violation.additional.negate(), depth + 1)
            case canonical.PatternValueFailsView():
                name = Pattern(violation.pattern).text(self._random, 4)
                return name, self._draw(violation.schema.negate(), depth + 1)
        raise Stuck

    def _other_name(self, view: canonical.ObjectView, schema: CanonicalSchema) -> str:
        """A name that ``schema`` refuses and the object may have."""
        for _ in range(_TRIES):
            name = self._name(view)
            if not self._allows(schema, name):
                return name
        return str(self._draw(schema.negate(), _DEEPEST))

    def _anything(self) -> Any:
        return self._random.choice(_BY_TYPE[self._random.choice(tuple(_BY_TYPE))])


def _pattern(pattern: str) -> CanonicalSchema:
    return jsonschema_rs.canonicalize(
        {"type": "string", "pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions(), offline=True
    )
