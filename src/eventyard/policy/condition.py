"""Conditions of a policy's statement: operators on condition keys. What is not known is refused, never passed over.

Source: IAM user guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NoReturn

import msgspec

from eventyard.errors import InvalidRequest

#: events:creatorAccount is not among them: access checks are not told who made a rule, and "IfExists" on what they are
#: not told would let everybody in.
_KEYS = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "events:detail-type",
    "events:source",
}


def refuse(reason: str) -> NoReturn:
    raise InvalidRequest(f"Parameter Policy is not valid. Reason: {reason}")


def texts(name: str, given: Any) -> tuple[str, ...]:
    """``given`` as texts: one or a list of at least one."""
    values = given if isinstance(given, list) else [given]
    if not values or not all(isinstance(value, str) for value in values):
        refuse(f"{name} must be a string or a list of strings.")
    return tuple(values)


@lru_cache(maxsize=4096)
def _compiled(wanted: str) -> re.Pattern[str]:
    parts = ({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in re.sub(r"\*+", "*", wanted))
    return re.compile("".join(parts), re.DOTALL)


def glob(value: str, wanted: str) -> bool:
    """Whether ``value`` is like ``wanted``, in which "*" is any text and "?" any character."""
    return wanted == "*" or _compiled(wanted).fullmatch(value) is not None


def _like_arn(value: str, wanted: str) -> bool:
    """Each of the six parts by itself, so that a wildcard does not reach over a colon of the first five."""
    values, parts = value.split(":", 5), wanted.split(":", 5)
    return len(values) == len(parts) == 6 and all(map(glob, values, parts))


def _ignore_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _ignore_case,
    "StringLike": glob,
    "ArnEquals": _like_arn,
    "ArnLike": _like_arn,
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


class Condition(msgspec.Struct, frozen=True):
    """One operator on one key."""

    operator: str  #: a positive one, or "Null"
    negated: bool
    if_exists: bool
    key: str  #: in lower case
    values: tuple[str, ...]

    def holds(self, keys: Mapping[str, str]) -> bool:
        value = keys.get(self.key)
        if self.operator == "Null":
            return ("true" if value is None else "false") in self.values
        if value is None:
            # A negated operator is true of a key that isn't there, as the source says.
            return self.if_exists or self.negated
        compare = _OPERATORS[self.operator]
        return any(compare(value, wanted) for wanted in self.values) != self.negated


def parse_conditions(given: Any) -> tuple[Condition, ...]:
    if not isinstance(given, dict):
        refuse("Condition must be an object.")
    found = []
    for name, keys in given.items():
        if_exists = name.endswith("IfExists")
        plain = name.removesuffix("IfExists")
        operator = _NEGATED.get(plain, plain)
        if operator not in _OPERATORS and name != "Null":
            refuse(f"Condition operator {name} is not known to this server.")
        if not isinstance(keys, dict) or not keys:
            refuse(f"Condition {name} must be an object of condition keys.")
        for key, values in keys.items():
            if key.lower() not in _KEYS:
                refuse(f"Condition key {key} is not known to this server.")
            wanted = texts(f"Condition {name}", values)
            if any("${" in value for value in wanted):
                refuse("This server does not fill in policy variables.")
            if name == "Null" and not set(wanted) <= {"true", "false"}:
                refuse('Condition Null must be "true" or "false".')
            found.append(Condition(operator, plain in _NEGATED, if_exists, key.lower(), wanted))
    return tuple(found)
