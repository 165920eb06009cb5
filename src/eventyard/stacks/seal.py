"""Secrets among properties: nobody keeps or shows them, and yet it is noticed when they change."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.stacks.parameters import text
from eventyard.stacks.values import UNKNOWN

SEAL = "secret:"
_HARD = {"n": 2**14, "r": 8, "p": 1}  # scrypt's parameters for interactive use (RFC 7914, section 2, and its paper)


def seal(properties: Mapping[str, Any], paths: Sequence[Sequence[str]], salt: str) -> dict[str, Any]:
    """``properties`` with a seal in place of each value that a path leads to (``*``: every member or item). The same
    value has the same seal under the same salt, and can't be had from it without guessing it."""
    found = dict(properties)
    for path in paths:
        found = _sealed(found, path, salt)
    return found


def untold(there: Any, recorded: Any, path: Sequence[str]) -> Any:
    """``there`` with the seal that is recorded where a path leads to and the service tells nothing."""
    if not path:
        return recorded if there is None else there
    first, rest = path[0], path[1:]
    if isinstance(recorded, Mapping) and (there is None or isinstance(there, Mapping)):
        found = dict(there or {})
        # Names that a service tells are all that there are.
        for name in [each for each in recorded if each in found] if first == "*" else {first} & recorded.keys():
            value = untold(found.get(name), recorded[name], rest)
            if value is not None and (rest or isinstance(value, str)):
                found[name] = value
        return found
    if isinstance(recorded, list) and isinstance(there, list) and first == "*" and len(recorded) == len(there):
        return [untold(each, old, rest) for each, old in zip(there, recorded, strict=True)]
    return there


def _sealed(value: Any, path: Sequence[str], salt: str) -> Any:
    if not path:
        if value is None or value is UNKNOWN or (isinstance(value, str) and value.startswith(SEAL)):
            return value
        return SEAL + _stretched(text(value), salt)
    first, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        return {
            name: _sealed(each, rest, salt) if first in ("*", name) and not _said_public(value, name) else each
            for name, each in value.items()
        }
    if isinstance(value, list) and first == "*":
        return [_sealed(each, rest, salt) for each in value]
    return value


def _said_public(value: Mapping[str, Any], name: str) -> bool:
    """Parameters of connections say themselves whether they are secret."""
    return name == "Value" and str(value.get("IsValueSecret", "true")).lower() == "false"


@functools.lru_cache(1024)
def _stretched(secret: str, salt: str) -> str:
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), dklen=16, **_HARD).hex()
