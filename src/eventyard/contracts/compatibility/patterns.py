"""What the regular expressions of two schemas have to do with each other, said in the schema of who publishes.

Comparing schemas as sets knows patterns by their text only. So where a pattern of the one schema matches nothing but
what a pattern of the other one matches, too, the other one is written beside it, which changes nothing and lets the
comparison see it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec

from eventyard.contract.references import schemas
from eventyard.contracts.compatibility.languages import escapes
from eventyard.contracts.compatibility.whole import mapped
from eventyard.errors import Unsupported

_MOST_PAIRS = 400
_WITNESSES = 12

Key = tuple[str, int, int | None]
"""A pattern, and the least and greatest length that are asked for beside it."""


class Patterns(msgspec.Struct, frozen=True):
    """``published``: the schema with what its patterns imply beside them. ``pointed``: the same schema once for each
    pattern of which texts are known that a pattern of the other schema refuses, with only those texts. ``why``: why
    something can't be told."""

    published: Any
    pointed: tuple[Any, ...] = ()
    why: str | None = None


def patterns(published: Any, accepted: Any) -> Patterns:
    ours, theirs = _keys(published), sorted({key[0] for key in _keys(accepted)})
    if len(ours) * len(theirs) > _MOST_PAIRS:
        return Patterns(published, why=f"there are more than {_MOST_PAIRS} pairs of patterns to compare")
    implied: dict[Key, list[dict[str, Any]]] = {}
    pointed: dict[Key, list[dict[str, Any]]] = {}
    why = None
    for key in ours:
        for other in theirs:
            if other == key[0]:
                continue
            try:
                found = list(islice(escapes(key[0], other, *key[1:]), _WITNESSES))
            except Unsupported as unknown:
                why = why or unknown.message.rstrip(".")
                continue
            if found:
                pointed.setdefault(key, [{"enum": []}])[0]["enum"] += found
            else:
                implied.setdefault(key, []).append({"pattern": other})
    return Patterns(
        mapped(published, _beside(implied)),
        tuple(mapped(published, _beside({key: more})) for key, more in pointed.items()),
        why,
    )


def _keys(schema: Any) -> list[Key]:
    return list(dict.fromkeys(key for _, node in schemas(schema, ()) if (key := _key(node)) is not None))


def _key(node: dict[str, Any]) -> Key | None:
    pattern, least, most = (node.get(keyword) for keyword in ("pattern", "minLength", "maxLength"))
    return None if not isinstance(pattern, str) else (pattern, int(least or 0), None if most is None else int(most))


def _beside(more: dict[Key, list[dict[str, Any]]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def written(node: dict[str, Any]) -> dict[str, Any]:
        key = _key(node)
        return {**node, "allOf": [*node.get("allOf", ()), *more[key]]} if key in more else node

    return written
