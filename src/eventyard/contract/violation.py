"""How a detail breaks its contract: where, what was expected, what is there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from eventyard.text import limited, printable

_LONGEST = 200
_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} members",
    "maxProperties": "at most {} members",
    "minimum": ">= {}",
    "maximum": "<= {}",
    "exclusiveMinimum": "> {}",
    "exclusiveMaximum": "< {}",
}


class Violation(msgspec.Struct, frozen=True):
    """``path``: a JSON pointer into the detail (RFC 6901), empty for the detail itself. ``keyword``: the keyword of
    JSON Schema that is broken. ``expected``: what it asks for. ``actual``: the value as JSON, cut to 200 characters;
    ``(hidden)`` where the contract marks it as personal. ``message``: all of it in a sentence. Texts are printable."""

    path: str
    keyword: str
    expected: str
    actual: str
    message: str

    def __post_init__(self) -> None:
        # Names and values are the publisher's own words.
        for name in ("expected", "actual", "message"):
            msgspec.structs.force_setattr(self, name, printable(getattr(self, name)))

    def __str__(self) -> str:
        return f"{printable(self.path) or 'detail'}: {self.message}"


def told(error: Any, hidden: Collection[tuple[str, ...]] = ()) -> Iterator[Violation]:
    """What the library's ``error`` says, for people. Values at the paths ``hidden`` are not shown."""
    place, keyword, facts = list(error.instance_path), error.kind.name, error.kind.as_dict()
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        for name in facts["unexpected"]:
            actual = _shown([*place, name], error.instance.get(name), hidden)
            yield Violation(
                _pointer([*place, name]), keyword, "no such member", actual, f"{name} is not in the contract"
            )
        return
    if keyword == "required":
        at = _pointer([*place, facts["property"]])
        yield Violation(at, keyword, "a value", "", f"{facts['property']} is missing")
        return
    expected, actual = _expected(keyword, facts, error), _shown(place, error.instance, hidden)
    yield Violation(_pointer(place), keyword, expected, actual, f"expected {expected}, got {actual}")


def _shown(place: list[str | int], value: Any, hidden: Collection[tuple[str, ...]]) -> str:
    if hidden:
        names = tuple(step for step in place if isinstance(step, str))
        # A value around a personal one would show it, too.
        if any(names[: len(each)] == each or each[: len(names)] == names for each in hidden):
            return "(hidden)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _expected(keyword: str, facts: Mapping[str, Any], error: Any) -> str:
    if keyword in _LIMITS:
        return limited(_LIMITS[keyword], facts["limit"])
    match keyword:
        case "type":
            return " or ".join(sorted(facts["types"]))
        case "enum":
            return "one of " + ", ".join(json.dumps(each, ensure_ascii=False) for each in facts["options"])
        case "const":
            return json.dumps(facts["expected_value"], ensure_ascii=False)
        case "format":
            return f"a {facts['format']}"
        case "pattern":
            return f"something like {facts['pattern']}"
        case "multipleOf":
            return f"a multiple of {facts['multiple_of']}"
        case "uniqueItems":
            return "no two items alike"
        case "anyOf" | "oneOf":
            reasons = dict.fromkeys(first_line(branch[0]) for branch in facts["context"] if branch)
            return f"{'any' if keyword == 'anyOf' else 'exactly one'} of the alternatives" + (
                f" ({'; '.join(reasons)})" if reasons else ""
            )
    return f"what {keyword} asks for ({first_line(error)})"


def first_line(error: Any) -> str:
    """The library's own words, without the schema and the value that follow them."""
    text = str(getattr(error, "message", error)).partition("\n")[0]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _pointer(place: list[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)
