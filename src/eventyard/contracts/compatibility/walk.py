"""The differences between two schemas, found by walking both side by side: what a reviewer would point at.

It names changes; what they amount to together is the verdict's business. Both schemas have their references in place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from eventyard.contracts.compatibility.change import Change
from eventyard.contracts.compatibility.verdict import Direction

_SUBSCRIBERS: tuple[Direction, ...] = ("subscribers",)
_PUBLISHERS: tuple[Direction, ...] = ("publishers",)
_BOTH: tuple[Direction, ...] = ("subscribers", "publishers")
#: A lower bound is tightened when it grows, an upper one when it shrinks.
_LOWER = {
    "minimum": "smallest value",
    "exclusiveMinimum": "smallest value (excluded)",
    "minLength": "least length",
    "minItems": "least number of items",
    "minProperties": "least number of members",
}
_UPPER = {
    "maximum": "largest value",
    "exclusiveMaximum": "largest value (excluded)",
    "maxLength": "greatest length",
    "maxItems": "greatest number of items",
    "maxProperties": "greatest number of members",
}
_DEMANDS = ("format", "pattern", "multipleOf", "uniqueItems")
_ALTERNATIVES = ("anyOf", "oneOf")
_WALKED = frozenset({
    "$schema", "$defs", "type", "enum", "const", "required", "properties", "additionalProperties", "items", *_LOWER,
    *_UPPER, *_DEMANDS, *_ALTERNATIVES, "allOf", "prefixItems",
})  # fmt: skip
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_LONGEST = 120

Schema = Any
"""A schema: an object, true or false."""


def changes(old: Schema, new: Schema) -> list[Change]:
    """Every change, in the order of the new schema."""
    return list(_Walk(old, new).at("", old, new))


class _Walk:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._roots = (old, new)
        self._seen: set[tuple[str, str]] = set()

    def at(self, path: str, old: Schema, new: Schema) -> Iterator[Change]:
        rounds = (
            old.get("$ref") if isinstance(old, dict) else None,
            new.get("$ref") if isinstance(new, dict) else None,
        )
        if any(rounds):
            if (str(rounds[0]), str(rounds[1])) in self._seen:
                return
            self._seen.add((str(rounds[0]), str(rounds[1])))
        old, new = (_flat(_followed(each, root)) for each, root in zip((old, new), self._roots, strict=True))
        if old == new:
            return
        if isinstance(old, bool) or isinstance(new, bool):
            yield from self._anything(path, old, new)
            return
        yield from _types(path, old, new)
        yield from _values(path, old, new)
        yield from _bounds(path, old, new)
        yield from _demands(path, old, new)
        yield from self._members(path, old, new)
        yield from self._items(path, old, new)
        yield from self._alternatives(path, old, new)
        yield from _others(path, old, new)

    def _anything(self, path: str, old: Schema, new: Schema) -> Iterator[Change]:
        if old is False:
            yield Change(path, "schema", "it is allowed now", _SUBSCRIBERS)
        elif new is False:
            yield Change(path, "schema", "it is not allowed any more", _PUBLISHERS)
        elif old is True:
            yield Change(path, "schema", f"it could be anything, and is {_kind(new)} now", _PUBLISHERS)
        else:
            yield Change(path, "schema", f"it was {_kind(old)}, and can be anything now", _SUBSCRIBERS)

    def _members(self, path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        wanted_before, wanted = set(old.get("required", ())), set(new.get("required", ()))
        added = [name for name in after if name not in before]
        removed = [name for name in before if name not in after]
        for name in removed:
            twin = next((each for each in added if after[each] == before[name]), None)
            renamed = f"; it may have been renamed to {twin}" if twin else ""
            yield self._removed(f"{path}/{_step(name)}", name in wanted_before, old, new, renamed)
        for name in added:
            yield self._added(f"{path}/{_step(name)}", name in wanted, old, new, after[name])
        for name in sorted((wanted - wanted_before) - set(added)):
            yield Change(f"{path}/{_step(name)}", "required", "it was optional, and is required now", _PUBLISHERS)
        for name in sorted((wanted_before - wanted) - set(removed)):
            yield Change(f"{path}/{_step(name)}", "required", "it was required, and is optional now", _SUBSCRIBERS)
        yield from self._others(path, old.get("additionalProperties", True), new.get("additionalProperties", True))
        for name in after:
            if name in before:
                yield from self.at(f"{path}/{_step(name)}", before[name], after[name])

    def _removed(self, path: str, required: bool, old: Any, new: Any, renamed: str) -> Change:
        closed = new.get("additionalProperties", True) is False
        kind = "required" if required else "optional"
        breaks = tuple(
            each for each, broken in (("subscribers", required or not closed), ("publishers", closed)) if broken
        )
        why = "it is refused now" if closed else "nothing is said about it any more"
        return Change(path, "properties", f"the {kind} member is gone, {why}{renamed}", breaks)  # type: ignore[arg-type]

    def _added(self, path: str, required: bool, old: Any, new: Any, schema: Any) -> Change:
        closed = old.get("additionalProperties", True) is False
        kind = "required" if required else "optional"
        breaks = tuple(
            each
            for each, broken in (
                ("subscribers", closed),
                ("publishers", required or (not closed and schema is not True)),
            )
            if broken
        )
        why = "; the old contract refuses members that it does not name" if closed else ""
        return Change(path, "properties", f"a new {kind} member{why}", breaks)  # type: ignore[arg-type]

    def _others(self, path: str, old: Any, new: Any) -> Iterator[Change]:
        if old == new:
            return
        at = f"{path}/*"
        if new is False:
            yield Change(at, "additionalProperties", "members that are not named are refused now", _PUBLISHERS)
        elif old is False:
            yield Change(at, "additionalProperties", "members that are not named are allowed now", _SUBSCRIBERS)
        else:
            yield from self.at(at, old, new)

    def _items(self, path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        (first, before), (later, after) = _placed(old), _placed(new)
        yield from self.at(f"{path}/*", before, after)
        for at in range(max(len(first), len(later))):
            yield from self.at(
                f"{path}/{at}",
                first[at] if at < len(first) else before,
                later[at] if at < len(later) else after,
            )

    def _alternatives(self, path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        for keyword in _ALTERNATIVES:
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            if before is None or after is None:
                breaks = _PUBLISHERS if before is None else _SUBSCRIBERS
                said = "it must be one of several alternatives now" if before is None else "the alternatives are gone"
                yield Change(path, keyword, said, breaks)
                continue
            gone = [each for each in before if each not in after]
            come = [each for each in after if each not in before]
            if len(gone) == len(come) == 1:
                yield from self.at(path, gone[0], come[0])
                continue
            if come:
                yield Change(path, keyword, f"new alternatives: {_list(come)}", _SUBSCRIBERS)
            if gone:
                yield Change(path, keyword, f"alternatives are gone: {_list(gone)}", _PUBLISHERS)


def _types(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    before, after = _type_set(old), _type_set(new)
    if before == after:
        return
    breaks: list[Direction] = []
    if after - before:
        breaks.append("subscribers")
    if before - after:
        breaks.append("publishers")
    yield Change(path, "type", f"the type was {_types_told(old)}, and is {_types_told(new)} now", tuple(breaks))


def _values(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    before, after = _enumerated(old), _enumerated(new)
    if before == after:
        return
    if before is None or after is None:
        if after is not None:
            yield Change(path, "enum", f"only these values are allowed now: {_told(after)}", _PUBLISHERS)
        else:
            yield Change(path, "enum", "the list of values is gone", _SUBSCRIBERS)
        return
    if come := [each for each in after if each not in before]:
        yield Change(path, "enum", f"new values: {_told(come)}", _SUBSCRIBERS)
    if gone := [each for each in before if each not in after]:
        yield Change(path, "enum", f"values are gone: {_told(gone)}", _PUBLISHERS)


def _bounds(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for keywords, sign in ((_LOWER, 1), (_UPPER, -1)):
        for keyword, words in keywords.items():
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            if isinstance(before, bool) or isinstance(after, bool):  # Draft 4's exclusiveMinimum
                yield Change(path, keyword, f"{keyword} has changed", _BOTH)
            elif before is None:
                yield Change(path, keyword, f"there is a {words} now, {after}", _PUBLISHERS)
            elif after is None:
                yield Change(path, keyword, f"there is no {words} any more, which was {before}", _SUBSCRIBERS)
            else:
                tightened = (after - before) * sign > 0
                breaks = _PUBLISHERS if tightened else _SUBSCRIBERS
                yield Change(path, keyword, f"the {words} was {before}, and is {after} now", breaks)


def _demands(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for keyword in _DEMANDS:
        before, after = old.get(keyword) or None, new.get(keyword) or None
        if before == after:
            continue
        if before is None:
            yield Change(path, keyword, f"{keyword} {_told(after)} is asked for now", _PUBLISHERS)
        elif after is None:
            yield Change(path, keyword, f"{keyword} {_told(before)} is not asked for any more", _SUBSCRIBERS)
        else:
            yield Change(path, keyword, f"{keyword} was {_told(before)}, and is {_told(after)} now", _BOTH)


def _others(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for keyword in {**old, **new}:
        if keyword not in _WALKED and not keyword.startswith("x-") and old.get(keyword) != new.get(keyword):
            yield Change(path, keyword, f"{keyword} has changed", _BOTH)
    if old.get("allOf") != new.get("allOf"):
        yield Change(path, "allOf", "what holds together with the rest has changed", _BOTH)


def _followed(node: Schema, root: Schema) -> Schema:
    if isinstance(node, dict) and str(node.get("$ref", "")).startswith("#/$defs/") and isinstance(root, Mapping):
        return root.get("$defs", {}).get(node["$ref"].removeprefix("#/$defs/"), node)
    return node


def _flat(node: Schema) -> Schema:
    """``node`` with the branches of its ``allOf`` put into it, as far as they don't speak of the same thing."""
    if not isinstance(node, dict):
        return node
    made = {keyword: value for keyword, value in node.items() if keyword not in ("allOf", "$schema", "$defs")}
    kept = []
    for branch in node.get("allOf", ()):
        branch = _flat(branch)
        if branch is True:
            continue
        # An object closed to others speaks of all names, so it can't be put together with another.
        shared = isinstance(branch, dict) and (branch.keys() & made.keys()) - {"properties", "required"}
        objects = isinstance(branch, dict) and ("additionalProperties" in branch or "additionalProperties" in made)
        doubled = isinstance(branch, dict) and branch.get("properties", {}).keys() & made.get("properties", {}).keys()
        if not isinstance(branch, dict) or shared or doubled or (objects and "properties" in {**branch, **made}):
            kept.append(branch)
            continue
        both = {
            "properties": {**made.get("properties", {}), **branch.get("properties", {})},
            "required": [*made.get("required", ()), *branch.get("required", ())],
        }
        made = {**made, **branch, **{keyword: value for keyword, value in both.items() if value}}
    return {**made, "allOf": kept} if kept else made


def _placed(schema: dict[str, Any]) -> tuple[list[Schema], Schema]:
    """What stands at which place of an array, and what stands behind; before 2020-12 in other words."""
    items = schema.get("items", True)
    if isinstance(items, list):
        return items, schema.get("additionalItems", True)
    return schema.get("prefixItems", []), items


def _type_set(schema: dict[str, Any]) -> set[str]:
    given = schema.get("type", list(_TYPES))
    found = {given} if isinstance(given, str) else set(given)
    return found | {"integer"} if "number" in found else found


def _types_told(schema: dict[str, Any]) -> str:
    given = schema.get("type")
    if given is None:
        return "anything"
    return given if isinstance(given, str) else " or ".join(sorted(given))


def _enumerated(schema: dict[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return None if found is None else sorted(found, key=json.dumps)


def _kind(schema: Schema) -> str:
    return _types_told(schema) if isinstance(schema, dict) and "type" in schema else "restricted"


def _list(alternatives: list[Schema]) -> str:
    return ", ".join(
        str(each.get("title") or _told(each)) if isinstance(each, dict) else _told(each) for each in alternatives
    )


def _told(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    text = ", ".join(json.dumps(each, ensure_ascii=False) for each in items)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
