"""What the buttons of a form do to its fields: add, remove and move what there can be several of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eventyard.errors import InvalidRequest
from eventyard.forms.fields import MOST, alternative, inside

Fields = dict[str, str]


def act(fields: Mapping[str, str], action: str) -> tuple[Fields, str]:
    """The fields after ``action``, and the way that the user should find himself at. Raises InvalidRequest for what is
    no action."""
    verb, _, way = action.partition(":")
    if verb not in _VERBS:
        raise InvalidRequest(f"{verb!r} is no action of a form.")
    return _VERBS[verb](dict(fields), way)


def _add(fields: Fields, way: str) -> tuple[Fields, str]:
    number = min(_count(fields, way) + 1, MOST)
    fields[f"n{way}"] = str(number)
    return fields, inside(way, number - 1)


def _remove(fields: Fields, way: str) -> tuple[Fields, str]:
    """Item ``way`` out of its list, those behind it one up."""
    outer, at = _split(way)
    number = _count(fields, outer)
    if at >= number:
        return fields, outer
    moved = _moved(fields, outer, lambda each: None if each == at else each - (each > at))
    moved[f"n{outer}"] = str(number - 1)
    return moved, inside(outer, min(at, number - 2)) if number > 1 else outer


def _up(fields: Fields, way: str) -> tuple[Fields, str]:
    outer, at = _split(way)
    if not 0 < at < _count(fields, outer):
        return fields, way
    return _moved(fields, outer, lambda each: {at: at - 1, at - 1: at}.get(each, each)), inside(outer, at - 1)


def _down(fields: Fields, way: str) -> tuple[Fields, str]:
    outer, at = _split(way)
    return _up(fields, inside(outer, at + 1))[0], inside(outer, min(at + 1, _count(fields, outer) - 1))


def _put(fields: Fields, way: str) -> tuple[Fields, str]:
    fields[f"p{way}"] = "1"
    fields.pop(f"s{way}", None)
    return fields, way


def _cut(fields: Fields, way: str) -> tuple[Fields, str]:
    """An object that need not be there taken out, with all that was entered in it."""
    kept = {name: text for name, text in fields.items() if not name[1:].startswith(f"{way}/")}
    kept.pop(f"p{way}", None)
    return kept, way


def _choose(fields: Fields, way: str) -> tuple[Fields, str]:
    number = fields.get(f"c{way}", "")
    return fields, alternative(way, int(number)) if number.isdecimal() else way


_VERBS: dict[str, Callable[[Fields, str], tuple[Fields, str]]] = {
    "add": _add,
    "remove": _remove,
    "up": _up,
    "down": _down,
    "put": _put,
    "cut": _cut,
    "choose": _choose,
}


def _count(fields: Fields, way: str) -> int:
    given = fields.get(f"n{way}", "0")
    return min(int(given), MOST) if given.isdecimal() and len(given) < 9 else 0


def _split(way: str) -> tuple[str, int]:
    outer, _, last = way.rpartition("/")
    if not (last.isdecimal() and last.isascii() and len(last) < 9):
        raise InvalidRequest(f"{way!r} is no item.")
    return outer, int(last)


def _moved(fields: Fields, outer: str, to: Callable[[int], int | None]) -> Fields:
    """The fields, those inside of item N of ``outer`` now inside of item ``to(N)``; None takes them away."""
    found = {}
    for name, text in fields.items():
        if not name[1:].startswith(f"{outer}/"):
            found[name] = text
            continue
        step, slash, rest = name[len(outer) + 2 :].partition("/")
        if not step.isdecimal():
            found[name] = text
            continue
        at = to(int(step))
        if at is not None:
            found[f"{name[0]}{outer}/{at}{slash}{rest}"] = text
    return found
