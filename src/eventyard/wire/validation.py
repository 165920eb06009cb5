"""What AWS checks before an operation sees its parameters: the constraints in the service's model, in AWS's words.

All violations of a request are merged into one message. Rules that are not in the models belong to the operations.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from eventyard.errors import InvalidRequest

#: Adds (value as text, path, constraint) in words to the list.
Checker = Callable[[Any, str, list[str]], None]

#: Where AWS names an enum's values in another order than its model.
_ENUM_ORDERS = {"ApiDestinationHttpMethod": ("HEAD", "POST", "PATCH", "DELETE", "PUT", "GET", "OPTIONS")}
#: Longer values are reported for their length only: AWS's own patterns are not all linear in Python's engine.
_LONGEST_FOR_PATTERN = 10_000
#: Of longer values a message shows the beginning only.
_LONGEST_SHOWN = 10_000


def make_validator(shape: Any) -> Callable[[dict[str, Any]], None]:
    """A function that raises ValidationException naming every violated constraint of ``shape``."""
    check = _make(shape, {})

    def validate(params: dict[str, Any]) -> None:
        problems: list[str] = []
        if check is not None:
            check(params, "", problems)
        if problems:
            count = len(problems)
            plural = "" if count == 1 else "s"
            raise InvalidRequest(f"{count} validation error{plural} detected: " + "; ".join(problems))

    return validate


def make_presence(shape: Any) -> Callable[[dict[str, Any]], None]:
    """SQS's way: only required parameters are checked, the first one missing is named as the query protocol spells it.

    ``shape`` must carry the query protocol's names."""
    check = _presence(shape, {})

    def validate(params: dict[str, Any]) -> None:
        problems: list[str] = []
        if check is not None:
            check(params, "", problems)
        if problems:
            raise InvalidRequest(f"The request must contain the parameter {problems[0]}.", "MissingParameter")

    return validate


def _make(shape: Any, made: dict[str, Checker | None]) -> Checker | None:
    if shape.name in made:
        return made[shape.name]
    made[shape.name] = None  # a shape inside itself is checked at the first level only
    kind = shape.type_name
    if kind == "structure":
        made[shape.name] = _structure(shape, made)
    elif kind == "list":
        made[shape.name] = _list(shape, made)
    elif kind == "map":
        made[shape.name] = _map(shape, made)
    else:
        made[shape.name] = _scalar(shape)
    return made[shape.name]


def _structure(shape: Any, made: dict[str, Checker | None]) -> Checker | None:
    required = [(name, _camel(name)) for name in shape.required_members]
    members = []
    for name, member in shape.members.items():
        check = _make(member, made)
        if check is not None:
            members.append((name, _camel(name), check))
    if not required and not members:
        return None

    def run(value: Any, path: str, problems: list[str]) -> None:
        for name, camel in required:
            if value.get(name) is None:
                problems.append(f"Value null at '{path}{camel}' failed to satisfy constraint: Member must not be null")
        for name, camel, check in members:
            item = value.get(name)
            if item is not None:
                check(item, path + camel, problems)

    # Members are named after a dot, except at the top.
    return lambda value, path, problems: run(value, path + "." if path else "", problems)


def _list(shape: Any, made: dict[str, Checker | None]) -> Checker | None:
    size = _size(shape)
    simple = shape.member.type_name not in ("structure", "list", "map")
    rules = _rules(shape.member) if simple else []
    check = None if simple else _make(shape.member, made)
    if not size and not rules and check is None:
        return None

    def run(value: Any, path: str, problems: list[str]) -> None:
        for broken, words in size:
            if broken(value):
                problems.append(_problem(shape, value, path, words))
        # Of simple members AWS names all constraints at once, and the list instead of the member.
        if rules and any(item is None or any(broken(item) for broken, _ in rules) for item in value):
            words = ", ".join(words for _, words in reversed(rules))
            problems.append(_problem(shape, value, path, f"Member must satisfy constraint: [{words}]"))
        if check is not None:
            for number, item in enumerate(value, 1):
                place = f"{path}.{number}.member"
                if item is None:
                    problems.append(f"Value null at '{place}' failed to satisfy constraint: Member must not be null")
                else:
                    check(item, place, problems)

    return run


def _map(shape: Any, made: dict[str, Checker | None]) -> Checker | None:
    size = _size(shape)
    keys = _rules(shape.key)
    simple = shape.value.type_name not in ("structure", "list", "map")
    values = _rules(shape.value) if simple else []
    check = None if simple else _make(shape.value, made)
    if not size and not keys and not values and check is None:
        return None

    def run(value: Any, path: str, problems: list[str]) -> None:
        for broken, words in size:
            if broken(value):
                problems.append(_problem(shape, value, path, words))
        for rules, items, which in ((keys, value.keys(), "keys"), (values, value.values(), "value")):
            if any(broken(item) for item in items for broken, _ in rules):
                words = ", ".join(words for _, words in reversed(rules))
                problems.append(_problem(shape, value, path, f"Map {which} must satisfy constraint: [{words}]"))
        if check is not None:
            for key, item in value.items():
                check(item, f"{path}.{key}.member", problems)

    return run


def _scalar(shape: Any) -> Checker | None:
    rules = _rules(shape)
    if not rules:
        return None

    def run(value: Any, path: str, problems: list[str]) -> None:
        for broken, words in rules:
            if broken(value):
                problems.append(_problem(shape, value, path, words))

    return run


Rule = tuple[Callable[[Any], bool], str]


def _rules(shape: Any) -> list[Rule]:
    """In AWS's order: the pattern or the enum, then the smallest, then the largest."""
    rules: list[Rule] = []
    facts = shape.metadata
    if "pattern" in facts:
        match = re.compile(_python_pattern(facts["pattern"])).fullmatch
        rules.append((
            lambda value: len(value) <= _LONGEST_FOR_PATTERN and match(value) is None,
            f"Member must satisfy regular expression pattern: {facts['pattern']}",
        ))  # fmt: skip
    if "enum" in facts:
        allowed = frozenset(facts["enum"])
        named = _ENUM_ORDERS.get(shape.name, facts["enum"])
        rules.append((
            lambda value: value not in allowed,
            f"Member must satisfy enum value set: [{', '.join(named)}]",
        ))  # fmt: skip
    if shape.type_name in ("integer", "long", "float", "double"):
        rules.extend(_range(facts))
    elif shape.type_name in ("string", "blob"):
        rules.extend(_size(shape))
    return rules


def _range(facts: dict[str, Any]) -> list[Rule]:
    rules: list[Rule] = []
    if "min" in facts:
        low = facts["min"]
        rules.append((lambda value: value < low, f"Member must have value greater than or equal to {low}"))
    if "max" in facts:
        high = facts["max"]
        rules.append((lambda value: value > high, f"Member must have value less than or equal to {high}"))
    return rules


def _size(shape: Any) -> list[Rule]:
    facts = shape.metadata
    rules: list[Rule] = []
    if facts.get("min"):
        low = facts["min"]
        rules.append((lambda value: len(value) < low, f"Member must have length greater than or equal to {low}"))
    if "max" in facts:
        high = facts["max"]
        rules.append((lambda value: len(value) > high, f"Member must have length less than or equal to {high}"))
    return rules


def _python_pattern(pattern: str) -> str:
    """Java's Unicode classes, near enough: letters and digits are \\w, separators are \\s."""
    return pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", r"\d").replace(r"\p{Z}", r"\s")


def _problem(shape: Any, value: Any, path: str, words: str) -> str:
    shown = _java(shape, value)
    if len(shown) > _LONGEST_SHOWN:  # nobody needs a schema of 5 MB back
        shown = f"{shown[:100]}..."
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {words}"


def _java(shape: Any, value: Any) -> str:
    """The value as Java's toString would show it, which is what AWS puts into its messages."""
    if value is None:
        return "null"
    kind = shape.type_name
    if kind == "structure":
        members = (f"{_camel(name)}={_java(member, value.get(name))}" for name, member in shape.members.items())
        return f"{shape.name}({', '.join(members)})"
    if kind == "list":
        return f"[{', '.join(_java(shape.member, item) for item in value)}]"
    if kind == "map":
        return "{" + ", ".join(f"{key}={_java(shape.value, item)}" for key, item in value.items()) + "}"
    if kind == "boolean":
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%a %b %d %H:%M:%S UTC %Y")
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return str(value)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _presence(shape: Any, made: dict[str, Checker | None]) -> Checker | None:
    if shape.name in made:
        return made[shape.name]
    made[shape.name] = None
    kind = shape.type_name
    if kind == "structure":
        made[shape.name] = _presence_structure(shape, made)
    elif kind == "list":
        check = _presence(shape.member, made)
        if check is not None:
            made[shape.name] = _presence_list(check)
    return made[shape.name]


def _presence_structure(shape: Any, made: dict[str, Checker | None]) -> Checker | None:
    required = shape.required_members
    members = []
    for name, member in shape.members.items():
        check = _presence(member, made)
        if check is not None:
            wire = member.member.serialization.get("name", name) if member.type_name == "list" else name
            members.append((name, wire, check))
    if not required and not members:
        return None

    def run(value: Any, path: str, problems: list[str]) -> None:
        problems.extend(path + name for name in required if value.get(name) is None)
        for name, wire, check in members:
            item = value.get(name)
            if item is not None:
                check(item, path + wire + ".", problems)

    return run


def _presence_list(check: Checker) -> Checker:
    def run(value: Any, path: str, problems: list[str]) -> None:
        for number, item in enumerate(value, 1):
            check(item or {}, f"{path}{number}.", problems)

    return run
