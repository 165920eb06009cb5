"""A slow, plain reading of IAM's guide, which shares no code with the room: what the room is compared with."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import re
from fractions import Fraction
from typing import Any

Context = dict[str, str | list[str]]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _wild(pattern: str, value: str) -> bool:
    """By recursion over the two texts."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(_wild(pattern[1:], value[at:]) for at in range(len(value) + 1))
    return bool(value) and pattern[0] in ("?", value[0]) and _wild(pattern[1:], value[1:])


#: Stand for the characters themselves while wildcards are looked for.
_ESCAPED = {"*": "\ue000", "?": "\ue001"}


def _substitute(text: str, context: Context, version: str | None) -> str | None:
    if version != "2012-10-17":
        return text
    while match := re.search(r"\$\{(.*?)\}", text):
        name, _, default = match[1].partition(",")
        value: Any = context.get(name.strip().lower())
        if name in ("*", "?", "$"):
            value = name
        if not isinstance(value, str):
            if not default:
                return None
            value = default.strip()[1:-1]
        for char, stand_in in _ESCAPED.items():
            value = value.replace(char, stand_in)
        text = text[: match.start()] + value.replace("$", "\ue002") + text[match.end() :]
    return text


def _unescape(text: str) -> str:
    return text.replace("\ue000", "*").replace("\ue001", "?").replace("\ue002", "$")


def _escape(text: str) -> str:
    return text.replace("*", "\ue000").replace("?", "\ue001").replace("$", "\ue002")


def _time(text: str) -> Fraction:
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return Fraction(text)
    found = dt.datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=dt.UTC)
    return Fraction((found - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1), 1_000_000)


def _compare(operator: str, value: str, wanted: str) -> bool:
    """A positive operator on one value and one wanted value."""
    plain = _unescape(wanted)
    try:
        if operator == "StringEquals":
            return value == plain
        if operator == "StringEqualsIgnoreCase":
            return value.lower() == plain.lower()
        if operator == "StringLike":
            # Of a value the characters that are wildcards elsewhere are just characters.
            return _wild(wanted.replace("$", "\ue002"), _escape(value))
        if operator in ("ArnEquals", "ArnLike"):
            one, other = value.split(":", 5), wanted.split(":", 5)
            return len(one) == len(other) == 6 and all(
                _compare("StringLike", a, b) for a, b in zip(one, other, strict=True)
            )
        if operator == "Bool":
            return value.lower() == plain.lower()
        if operator == "BinaryEquals":
            return base64.b64encode(value.encode()).decode() == plain
        if operator == "IpAddress":
            return ipaddress.ip_address(value) in ipaddress.ip_network(plain, strict=False)
        for kind, read in (("Numeric", Fraction), ("Date", _time)):
            if operator.startswith(kind):
                a, b = read(value), read(plain)
                return {
                    "Equals": a == b,
                    "LessThan": a < b,
                    "LessThanEquals": a <= b,
                    "GreaterThan": a > b,
                    "GreaterThanEquals": a >= b,
                }[operator.removeprefix(kind)]
    except ValueError:
        return False
    raise AssertionError(operator)


def _condition(name: str, key: str, wanted: Any, context: Context, effect: str, version: str | None) -> bool:
    quantifier, _, operator = name.rpartition(":")
    present = context.get(key.lower(), [])
    values = _list(present)
    if operator == "Null":
        return any((str(one).lower() == "true") == (not values) for one in _list(wanted))
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    negated = "Not" in operator
    operator = operator.replace("Not", "", 1)
    if not values:
        if if_exists or quantifier == "ForAllValues":
            return True
        return negated if not quantifier else False

    def passes(value: str) -> bool:
        filled = [
            _substitute(str(one).lower() if one in (True, False) else str(one), context, version)
            if operator[:4] not in ("Nume", "Date")
            else str(one)
            for one in _list(wanted)
        ]
        hit = any(_compare(operator, value, one) for one in filled if one is not None)
        return not hit if negated else hit

    if quantifier == "ForAnyValue" or (not quantifier and effect == "Deny"):
        return any(map(passes, values))
    return all(map(passes, values))


def _applies(
    statement: dict[str, Any], asking: list[str], action: str, resource: str, context: Context, version: str | None
) -> bool:
    def principals(given: Any) -> list[str]:
        if given == "*":
            return ["*"]
        found = [name for kind in given.values() for name in _list(kind)]
        return [re.sub(r"^arn:aws:iam::(\d{12}):root$", r"\1", name) for name in found]

    if "Principal" in statement:
        named = principals(statement["Principal"])
        if "*" not in named and not set(named) & set(asking):
            return False
    elif set(asking) <= set(principals(statement["NotPrincipal"])):
        return False
    listed = _list(statement.get("Action", statement.get("NotAction")))
    if any(_wild(one.lower(), action.lower()) for one in listed) == ("NotAction" in statement):
        return False
    given = [
        _substitute(one, context, version) for one in _list(statement.get("Resource", statement.get("NotResource")))
    ]
    named_resource = any(one is not None and _compare("StringLike", resource, one) for one in given)
    if named_resource == ("NotResource" in statement):
        return False
    return all(
        _condition(operator, key, wanted, context, statement["Effect"], version)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def decide(policy: dict[str, Any], asking: list[str], action: str, resource: str, context: Context) -> str | None:
    """ "Deny", "Allow" or None."""
    version = policy.get("Version")
    effects = {
        one["Effect"] for one in _list(policy["Statement"]) if _applies(one, asking, action, resource, context, version)
    }
    return "Deny" if "Deny" in effects else "Allow" if effects else None
