"""How what is recorded, what is there and what is wanted differ, property by property."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.stacks.kind import Kind
from eventyard.stacks.values import covers, gone, is_whole


class Change(msgspec.Struct, frozen=True):
    """``before``, ``after``: None where there is nothing. ``replaces``: it can't be done in place."""

    name: str
    before: Any
    after: Any
    replaces: bool = False


_NOTHING: tuple[Any, ...] = (None, "", {}, [])


def differences(
    kind: Kind,
    recorded: Mapping[str, Any],
    there: Mapping[str, Any],
    wanted: Mapping[str, Any],
    asked: Mapping[str, Any] = {},
) -> tuple[Change, ...]:
    """What has to be changed, all in canonical form. ``asked``: what an apply that was cut off wanted, and perhaps did.
    Properties that were never said are the service's own business, unless a change would take them away."""
    found = []
    for name in dict.fromkeys((*wanted, *recorded, *asked, *kind.entire)):
        old, is_there, new = recorded.get(name), there.get(name), wanted.get(name)
        begun = asked.get(name)
        if name in kind.unread and name not in there:
            differs = (old != new and not (old in _NOTHING and new in _NOTHING)) or (name in asked and begun != new)
            is_there = old
        elif name in wanted:
            # A member that is no longer said has to go, even if all that is said is there.
            lost = gone(old, new) or gone(begun, new)
            differs = not covers(name, is_there, new) or (lost and not covers(name, new, is_there))
        else:
            differs = is_there not in _NOTHING and not kind.is_usual(name, is_there)
        if differs:
            before = _spoken_of(name, is_there, (old, begun, new))
            found.append(Change(name, before, new, kind.replaces(name, {**recorded, **asked}, wanted)))
    return tuple(found)


def _spoken_of(name: str, there: Any, said: tuple[Any, ...]) -> Any:
    """The part of what is there that somebody said something about, or that is said as a whole; the rest is the
    service's own."""
    if is_whole(name) or not isinstance(there, dict) or not any(isinstance(each, dict) for each in said):
        return there
    known = [each for each in said if isinstance(each, dict)]
    return {
        member: _spoken_of(member, value, tuple(each.get(member) for each in known))
        for member, value in there.items()
        if is_whole(member) or any(member in each for each in known)
    }


def drifted(
    kind: Kind,
    recorded: Mapping[str, Any],
    there: Mapping[str, Any],
    wanted: Mapping[str, Any],
    asked: Mapping[str, Any] = {},
) -> tuple[Change, ...]:
    """What was changed by somebody else, and not just into what is wanted, or was asked for by an apply that was cut
    off."""
    found = []
    for name in dict.fromkeys((*recorded, *kind.entire)):
        old, is_there = recorded.get(name), there.get(name)
        if name in kind.unread and name not in there:
            continue
        same = covers(name, is_there, old) or (name not in recorded and kind.is_usual(name, is_there))
        if not same and not any(name in each and covers(name, is_there, each[name]) for each in (wanted, asked)):
            found.append(Change(name, old, _spoken_of(name, is_there, (old,))))
    return tuple(found)
