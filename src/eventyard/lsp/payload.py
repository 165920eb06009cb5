"""A payload that is written in a program against its contract: only what can be decided is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from eventyard.contract import Contract, Validator, Violation
from eventyard.contract.references import needed
from eventyard.contract.spot import Schema, Spot, View
from eventyard.lsp.calls import Member, Node


class Problem(msgspec.Struct, frozen=True):
    """``start`` and ``end``: offsets. ``missing``: where it is an object, the names of the members that it lacks."""

    start: int
    end: int
    message: str
    rule: str
    missing: tuple[str, ...] = ()


class Payload:
    """What ``contract`` asks of payloads. Raises InvalidRequest for a schema that can't be used."""

    def __init__(self, contract: Contract, atoms: Any) -> None:
        used = needed(contract.schema, atoms)
        self.contract = contract
        self.schema = Schema(contract.schema, used)
        self._validator = Validator(contract.schema, used)

    def problems(self, node: Node) -> list[Problem]:
        """How the payload breaks the contract for sure, in the order of the text."""
        if node.kind == "unknown":
            return []
        found: list[Problem] = []
        missing: dict[int, list[str]] = {}
        for violation in self._validator.violations(_value(node), 100):
            at = _steps(violation.path)
            if violation.keyword == "required":
                inner = _at(node, at[:-1])
                if inner is not None and inner.closed and not inner.open and self._needs(inner, at):
                    missing.setdefault(inner.start, []).append(at[-1])
                    if len(missing[inner.start]) == 1:
                        found.append(Problem(inner.start, inner.start + 1, "", "required"))
            else:
                found += self._told(node, at, violation)
        return sorted((_named(each, missing) for each in found), key=lambda each: each.start)

    def _needs(self, inner: Node, at: list[str]) -> bool:
        """Whether the member is asked for in any case: conditions may depend on what can't be seen."""
        if _certain(inner):
            return True
        spots = self.spots(tuple(at[:-1]))
        return any(at[-1] in self.schema.view(spot).required for spot in spots)

    def _told(self, node: Node, at: list[str], violation: Violation) -> Iterator[Problem]:
        if violation.keyword in ("additionalProperties", "unevaluatedProperties"):
            member = _member(node, at)
            if member is not None and member.value is not None:
                yield Problem(member.key.start, member.key.end, violation.message, violation.keyword)
            return
        inner = _at(node, at)
        if inner is None or inner.kind == "unknown" or not inner.closed:
            return
        if violation.keyword == "type" or _certain(inner):
            end = inner.end if inner.kind == "scalar" else inner.start + 1
            yield Problem(inner.start, end, violation.message, violation.keyword)

    def spots(self, path: tuple[str | int, ...]) -> list[Spot]:
        """What the contract asks for at ``path`` of a payload, once for each alternative that it could be."""
        found = self._settled(self.schema.root, 0)
        for step in path:
            inner: list[Spot] = []
            for spot in found:
                view = self.schema.view(spot)
                under = _under(view, step)
                inner += self._settled(under, 0) if under is not None else []
            found = list(dict.fromkeys(inner))
        return found

    def _settled(self, spot: Spot, depth: int) -> list[Spot]:
        view = self.schema.view(spot)
        if view.kind != "choice" or depth > 10:
            return [spot]
        return [each for _, inner in view.alternatives for each in self._settled(inner, depth + 1)]


def _under(view: View, step: str | int) -> Spot | None:
    if view.kind == "array":
        at = int(step) if str(step).isdecimal() else 0
        return view.first[at] if at < len(view.first) else view.item
    return view.members.get(str(step), view.rest)


def _named(problem: Problem, missing: dict[int, list[str]]) -> Problem:
    """A problem of missing members, with all that the object lacks."""
    if problem.rule != "required":
        return problem
    names = tuple(missing[problem.start])
    told = f"{names[0]} is missing" if len(names) == 1 else f"{', '.join(names)} are missing"
    return msgspec.structs.replace(problem, message=told, missing=names)


def _value(node: Node) -> Any:
    """The payload as it will be, null where that can't be seen."""
    if node.kind == "object":
        return {member.name: None if member.value is None else _value(member.value) for member in node.members}
    return [_value(item) for item in node.items] if node.kind == "array" else node.value


def _certain(node: Node) -> bool:
    """Whether all of a value can be seen."""
    if node.kind == "unknown" or node.open or not node.closed:
        return False
    return all(member.value is not None and _certain(member.value) for member in node.members) and all(
        map(_certain, node.items)
    )


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _at(node: Node, steps: list[str]) -> Node | None:
    """The node at a path; None where there is nothing written, or nothing that can be seen."""
    found: Node | None = node
    for step in steps:
        if found is None or found.kind not in ("object", "array"):
            return None
        if found.kind == "array":
            found = found.items[int(step)] if step.isdecimal() and int(step) < len(found.items) else None
        else:
            found = next((each.value for each in reversed(found.members) if each.name == step), None)
    return found


def _member(node: Node, steps: list[str]) -> Member | None:
    outer = _at(node, steps[:-1]) if steps else None
    if outer is None:
        return None
    return next((each for each in reversed(outer.members) if each.name == steps[-1]), None)
