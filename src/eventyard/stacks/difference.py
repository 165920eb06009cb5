"""How what is recorded, what is there and what is wanted differ, property by property."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.stacks.kind import Kind
from eventyard.stacks.values import covers, gone


class Change(msgspec.Struct, frozen=True):
    """``before``, ``after``: None where there is nothing. ``replaces``: it can't be done in place."""

    name: str
    before: Any
    after: Any
    replaces: bool = False


_NOTHING: tuple[Any, ...] = (None, "", {}, [])


def differences(
    kind: Kind, recorded: Mapping[str, Any], there: Mapping[str, Any], wanted: Mapping[str, Any]
) -> tuple[Change, ...]:
    """What has to be changed, all in canonical form. Properties that were never said are the service's own business."""
    found = []
    for name in dict.fromkeys((*wanted, *recorded)):
        old, is_there, new = recorded.get(name), there.get(name), wanted.get(name)
        if name in kind.unread and name not in there:
            differs = old != new and not (old in _NOTHING and new in _NOTHING)
            is_there = old
        elif name in wanted:
            # A member that is no longer said has to go, even if all that is said is there.
            differs = not covers(is_there, new) or (gone(old, new) and not covers(new, is_there))
        else:
            differs = is_there not in _NOTHING and not kind.is_usual(name, is_there)
        if differs:
            found.append(Change(name, _spoken_of(is_there, old, new), new, kind.replaces(name, recorded, wanted)))
    return tuple(found)


def _spoken_of(there: Any, old: Any, new: Any) -> Any:
    """The part of what is there that somebody said something about; the rest is the service's own."""
    if not isinstance(there, dict) or not (isinstance(old, dict) or isinstance(new, dict)):
        return there if old is not None or new is not None else None
    before, after = (each if isinstance(each, dict) else {} for each in (old, new))
    return {
        name: _spoken_of(value, before.get(name), after.get(name))
        for name, value in there.items()
        if name in before or name in after
    }


def drifted(
    kind: Kind, recorded: Mapping[str, Any], there: Mapping[str, Any], wanted: Mapping[str, Any]
) -> tuple[Change, ...]:
    """What was changed by somebody else, and not just into what is wanted."""
    return tuple(
        Change(name, old, there.get(name))
        for name, old in recorded.items()
        if not (name in kind.unread and name not in there)
        and not covers(there.get(name), old)
        and not (name in wanted and covers(there.get(name), wanted[name]))
    )
