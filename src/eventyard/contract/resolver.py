"""What a reference in a schema means. Only the schema itself and what was handed in with it are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

import msgspec

from eventyard.errors import InvalidRequest

#: Members whose values are data, not schemas.
_DATA = frozenset({"const", "enum", "default", "examples", "example"})
_MOST_HOPS = 100


class Place(msgspec.Struct, frozen=True):
    """A schema somewhere in the resource with URL ``base``: ``pointer`` leads to it (RFC 6901, decoded)."""

    base: str
    pointer: tuple[str, ...]

    def inside(self, *parts: str | int) -> Place:
        return Place(self.base, (*self.pointer, *(str(part) for part in parts)))

    @property
    def fragment(self) -> str:
        return "#" + "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in self.pointer)


class Resolver:
    """``root`` is the schema, ``resources`` others by URL. Embedded resources are found by their ``$id``."""

    def __init__(self, root: Mapping[str, Any] | bool, resources: Mapping[str, Any]) -> None:
        self.draft = _draft(root)
        self._resources: dict[str, Any] = {}
        self._anchors: dict[tuple[str, str], tuple[str, ...]] = {}
        self.root = Place(_own_url(root, ""), ())
        self._add(self.root.base, root)
        for url, schema in resources.items():
            self._add(_own_url(schema, urldefrag(url).url), schema)
            self._resources.setdefault(urldefrag(url).url, schema)

    def get(self, place: Place) -> Any:
        """The schema at ``place``. Raises InvalidRequest."""
        value = self._resources[place.base]
        for part in place.pointer:
            if isinstance(value, Mapping) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            else:
                raise InvalidRequest(f"Reference {place.base}{place.fragment} leads nowhere.")
        return value

    def home(self, place: Place) -> Place:
        """``place`` by the URL that the schema there gives itself, if it does: its references are relative to that."""
        schema = self.get(place)
        identity = schema.get("$id", schema.get("id")) if isinstance(schema, Mapping) else None
        if not place.pointer or not isinstance(identity, str) or identity.startswith("#"):
            return place
        return self._place(identity, place.base)

    def find(self, reference: str, base: str) -> Place:
        """What ``reference`` means in the resource ``base``, through further references that stand alone.

        Raises InvalidRequest."""
        place = self._place(reference, base)
        for _ in range(_MOST_HOPS):
            schema = self.get(place)
            if not isinstance(schema, Mapping | bool):
                raise InvalidRequest(f"Reference {reference} does not lead to a schema.")
            if not isinstance(schema, Mapping) or set(schema) != {"$ref"} or not isinstance(schema["$ref"], str):
                return place
            place = self._place(schema["$ref"], place.base)
        raise InvalidRequest(f"Reference {reference} leads only to itself, or on and on to other references.")

    def _place(self, reference: str, base: str) -> Place:
        url, fragment = urldefrag(urljoin(base, reference)) if base else urldefrag(reference)
        if reference.startswith("#"):
            url = base
        if url not in self._resources:
            raise InvalidRequest(f"Reference {reference} leads out of the schema; nothing is fetched.")
        fragment = unquote(fragment)
        if not fragment or fragment.startswith("/"):
            parts = fragment.split("/")[1:]
            return Place(url, tuple(part.replace("~1", "/").replace("~0", "~") for part in parts))
        pointer = self._anchors.get((url, fragment))
        if pointer is None:
            raise InvalidRequest(f"Reference {reference} leads nowhere.")
        return Place(url, pointer)

    def _add(self, base: str, schema: Any) -> None:
        """Learn a resource, the resources inside, and where its anchors are."""
        self._resources[base] = schema
        work: list[tuple[str, tuple[str, ...], Any]] = [(base, (), schema)]
        while work:
            here, pointer, value = work.pop()
            if isinstance(value, Mapping):
                own = _own_url(value, here) if pointer else here
                if own != here:
                    self._resources.setdefault(own, value)
                    here, pointer = own, ()
                for name in ("$anchor", "$dynamicAnchor"):
                    if isinstance(value.get(name), str):
                        self._anchors[(here, value[name])] = pointer
                identity = value.get("$id", value.get("id"))
                if isinstance(identity, str) and identity.startswith("#") and len(identity) > 1:
                    self._anchors[(here, identity[1:])] = pointer
            work += [(here, (*pointer, name), item) for name, item in _members(value)]


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((name, item) for name, item in value.items() if name not in _DATA)
    elif isinstance(value, list):
        yield from ((str(number), item) for number, item in enumerate(value))


def _own_url(schema: Any, base: str) -> str:
    identity = schema.get("$id", schema.get("id")) if isinstance(schema, Mapping) else None
    if not isinstance(identity, str) or identity.startswith("#"):
        return base
    return urldefrag(urljoin(base, identity)).url


def _draft(schema: Any) -> int:
    """4, 6, 7, 2019 or 2020, by ``$schema``."""
    named = schema.get("$schema") if isinstance(schema, Mapping) else None
    for mark, draft in (("draft-04", 4), ("draft-06", 6), ("draft-07", 7), ("2019-09", 2019)):
        if isinstance(named, str) and mark in named:
            return draft
    return 2020
