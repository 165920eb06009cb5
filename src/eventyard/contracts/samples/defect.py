"""Details that are wrong in one way each, named: what a form, a broker or an older consumer must notice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from eventyard.contract import Contract, Repository, Validator
from eventyard.contract.references import needed
from eventyard.contracts.samples.sampler import Sampler, Taste
from eventyard.contracts.samples.wanted import Wanted
from eventyard.contracts.scope import Option, Part, Scope

_OF_TYPES: tuple[tuple[str, Any], ...] = (
    ("string", "12"),
    ("integer", 12),
    ("number", 0.5),
    ("boolean", True),
    ("array", []),
    ("object", {}),
    ("null", None),
)
_NO_FORMAT = ("not one", "2026-02-30", "2026-02-30T25:61:00Z", "http://[", "%", "a b")
_STRANGER = "unexpected_member"
_LONGEST = 100_000
_MOST_ITEMS = 1_000
#: Keywords that report a defect below them as their own.
_AROUND = frozenset({"anyOf", "oneOf", "not", "if", "allOf", "$ref"})


class Defect(msgspec.Struct, frozen=True):
    """``detail`` is valid but for one thing, as ``name`` says: the value at ``path`` (a JSON pointer) breaks
    ``keyword``."""

    name: str
    path: str
    keyword: str
    detail: dict[str, Any]


def defects(contract: Contract, repository: Repository, seed: int = 0) -> list[Defect]:
    """One for each way to break ``contract`` that its samples reach, each checked to break it there and nowhere else;
    the same for the same ``seed``. Raises Unsupported where not even a valid sample can be made."""
    sampler = Sampler(contract.schema, needed(contract.schema, repository.atoms), seed, also={"type": "object"})
    validator = Validator(contract.schema, needed(contract.schema, repository.atoms))
    found: dict[str, Defect] = {}
    tastes: tuple[Taste, ...] = ("full", "full", "any", "any", "any")
    for taste in tastes:
        detail = sampler.one(taste)
        for pointer, wanted, value in _parts(sampler.scope, sampler.parts, detail, ()):
            for name, keyword, changed in _changes(wanted, value):
                whole = _replaced(detail, pointer, changed)
                path = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in pointer)
                told = f"{path or 'detail'}: {name}"
                # The same defect of another item is the same defect.
                key = re.sub(r"/\d+", "/0", told)
                if key not in found and _shows(validator, whole, path, keyword):
                    found[key] = Defect(told, path, keyword, whole)
    return list(found.values())


Pointer = tuple[str | int, ...]


def _parts(scope: Scope, parts: list[Part], value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Wanted, Any]]:
    """Every value inside of ``value``, itself first, with what is wanted of it."""

    def choose(options: list[Option]) -> Option:
        return next((each for each in options if all(scope.keeps(part, value) for part in each)), options[0])

    wanted = Wanted(scope.spread(parts, choose))
    yield pointer, wanted, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _parts(scope, wanted.member(name), inner, (*pointer, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:3]):
            yield from _parts(scope, wanted.item(index), inner, (*pointer, index))


Change = tuple[str, str, Any]
"""(what is wrong, the keyword that it breaks, the value in place of the right one)."""


def _changes(wanted: Wanted, value: Any) -> Iterator[Change]:
    values = wanted.values()
    if values is not None:
        keyword = "enum" if wanted.all("enum") else "const"
        for other in (f"{value}x", "something else", 987_654_321, None):
            yield "not one of the values", keyword, other
        return
    if wanted.typed:
        for kind, other in _OF_TYPES:
            yield "null" if kind == "null" else "of another type", "type", other
    if isinstance(value, dict):
        yield from _of_object(wanted, value)
    elif isinstance(value, list):
        yield from _of_array(wanted, value)
    elif isinstance(value, str):
        yield from _of_text(wanted, value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _of_number(wanted)


def _of_object(wanted: Wanted, value: dict[str, Any]) -> Iterator[Change]:
    for name in wanted.required():
        yield f"without {name}", "required", {key: each for key, each in value.items() if key != name}
    if wanted.closed():
        yield f"with {_STRANGER}", "additionalProperties", {**value, _STRANGER: True}
        yield f"with {_STRANGER}", "unevaluatedProperties", {**value, _STRANGER: True}
    if (least := wanted.largest("minProperties")) > 0:
        yield "too few members", "minProperties", dict(list(value.items())[: least - 1])


def _of_array(wanted: Wanted, value: list[Any]) -> Iterator[Change]:
    if (least := wanted.largest("minItems")) > 0:
        yield "too few items", "minItems", value[: least - 1]
    most = wanted.smallest("maxItems")
    if most is not None and most <= _MOST_ITEMS and value:
        yield "too many items", "maxItems", [value[at % len(value)] for at in range(most + 1)]
    if any(wanted.all("uniqueItems")) and value:
        yield "an item twice", "uniqueItems", [*value[:1], *value[: (most or len(value) + 1) - 1]]


def _of_text(wanted: Wanted, value: str) -> Iterator[Change]:
    if (least := wanted.largest("minLength")) > 0:
        yield "too short", "minLength", value[: least - 1]
    most = wanted.smallest("maxLength")
    if most is not None and most <= _LONGEST:
        yield "too long", "maxLength", value + (value[-1:] or "x") * (most + 1 - len(value))
    for _ in wanted.all("pattern"):
        for other in (
            f"{value}!",
            f"!{value}",
            value[:-1] + "!",
            "!" + value[1:],
            value.swapcase(),
            value[1:],
            "",
            "!",
        ):
            yield "not as the pattern says", "pattern", other
    for form in wanted.all("format"):
        for other in _NO_FORMAT:
            yield f"no {form}", "format", other


def _of_number(wanted: Wanted) -> Iterator[Change]:
    low, below, high, above = wanted.bounds()
    step = wanted.step(any(kind == "integer" for kind in wanted.types)) or 1
    if low is not None:
        yield "too small", "exclusiveMinimum" if below else "minimum", _plain((low // step - 1) * step)
        yield "too small", "exclusiveMinimum", _plain(low)
    if high is not None:
        yield "too large", "exclusiveMaximum" if above else "maximum", _plain((high // step + 1) * step)
        yield "too large", "exclusiveMaximum", _plain(high)
    if wanted.all("multipleOf"):
        start = (low if low is not None else high - 4 * step if high is not None else 0) // step * step
        for other in (start + step + 1, start + step + step / 2, start + step - 1):
            yield "not a multiple", "multipleOf", _plain(other)


def _plain(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)


def _replaced(whole: Any, pointer: Pointer, value: Any) -> Any:
    if not pointer:
        return value
    step, rest = pointer[0], pointer[1:]
    if isinstance(whole, dict):
        return {key: _replaced(each, rest, value) if key == step else each for key, each in whole.items()}
    return [_replaced(each, rest, value) if at == step else each for at, each in enumerate(whole)]


def _shows(validator: Validator, detail: Any, path: str, keyword: str) -> bool:
    """Whether that is what is wrong with ``detail``, and all that is."""
    found = validator.violations(detail, 5)
    if not isinstance(detail, dict) or not found:
        return False
    direct = all(each.keyword == keyword and each.path.startswith(path) for each in found)
    return direct or all(each.keyword in _AROUND and path.startswith(each.path) for each in found)
