"""JSONPath as EventBridge takes it: from the root down by names, list indexes and wildcards. Nothing else of JSONPath.

Sources: user guide, "Amazon EventBridge input transformation" (dot notation, array indices, wildcards, slashes); the
pattern of JSON paths in the models of Pipes and the Scheduler, ``$(.[\\w/_-]+([(\\d+|*)])*)*``; API reference,
"Target" (InputPath "may use JSON dot notation or bracket notation"). What a wildcard gives is nowhere said: here a list
of all that it finds, and nothing where it finds nothing.
"""

from __future__ import annotations

import re

import msgspec

from eventyard.detail import deeply
from eventyard.errors import InvalidRequest

EACH = None
Step = str | int | None
"""A name, an index, or EACH for all values of a list or an object."""

_STEP = re.compile(r"""\.(\*)|\.([A-Za-z0-9_\-/]+)|\[(\d+)\]|\[(\*)\]|\['([^'\]]+)'\]|\["([^"\]]+)"\]""")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of ``text``; none for ``$``, the whole event. Raises InvalidRequest for any other form."""
    if not text.startswith("$"):
        raise InvalidRequest(f"Invalid JSONPath: {text} must begin with '$'.")
    steps: list[Step] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise InvalidRequest(f"Invalid JSONPath: {text} can't be read at position {at + 1}.")
        _, name, index, _, quoted, double = found.groups()
        steps.append(int(index) if index is not None else name or quoted or double or EACH)
        at = found.end()
    return tuple(steps)


def select(body: bytes, steps: tuple[Step, ...]) -> bytes | None:
    """The text of the value at ``steps``, byte for byte as it stands in ``body``; None where there is none. Beyond a
    wildcard it is the text of a list."""
    if EACH not in steps:
        value = body
        for step in steps:
            inside = _inside(value, step)
            if inside is None:
                return None
            value = inside
        return value.strip()
    found: list[bytes] = [body]
    for step in steps:
        found = [
            inner
            for value in found
            for inner in (_each(value) if step is EACH else [_inside(value, step)])
            if inner is not None
        ]
    return b"[" + b",".join(value.strip() for value in found) + b"]" if found else None


def _inside(value: bytes, step: Step) -> bytes | None:
    """What a name or an index leads to from ``value``; None if it leads nowhere."""
    try:
        return bytes(object_of(value)[step] if isinstance(step, str) else _list_of(value)[step or 0])
    except (msgspec.DecodeError, KeyError, IndexError):
        return None


def _each(value: bytes) -> list[bytes]:
    try:
        return list(map(bytes, object_of(value).values() if value.lstrip()[:1] == b"{" else _list_of(value)))
    except msgspec.DecodeError:
        return []


def object_of(value: bytes) -> dict[str, msgspec.Raw]:
    """The members of an object by name, as text. Raises DecodeError if it is none."""
    return deeply(_OBJECT.decode, value)


def _list_of(value: bytes) -> list[msgspec.Raw]:
    return deeply(_LIST.decode, value)
