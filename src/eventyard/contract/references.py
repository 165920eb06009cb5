"""The references inside of a schema: where they lead, which lead nowhere, and which lead round in a circle."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from eventyard.contract.place import Pointer

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
#: Keywords whose value is data, not a schema: a ``$ref`` in there is none.
_DATA = frozenset({"const", "enum", "default", "examples", "example"})
#: Keywords whose schemas apply to the same value, so that a circle through them alone says nothing and never ends.
_IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})
#: Keywords whose value maps names to schemas: the names in there are no keywords.
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})


def references(schema: Any) -> Iterator[tuple[Pointer, str]]:
    """Every reference in ``schema``, as (where it stands, what it says)."""
    for pointer, node in schemas(schema, ()):
        for keyword in _REFERENCES:
            if isinstance(node.get(keyword), str):
                yield (*pointer, keyword), node[keyword]


def broken(schema: Any, atoms: Mapping[str, Any]) -> Iterator[tuple[Pointer, str]]:
    """The references that neither ``schema`` itself nor ``atoms`` can answer."""
    home = base(schema)
    # Before 2020-12 a dynamic reference says nothing.
    dynamic = isinstance(schema, Mapping) and "2020-12" in schema.get("$schema", "2020-12")
    looked_at = ("$ref", "$dynamicRef") if dynamic else ("$ref",)
    for pointer, reference in references(schema):
        if pointer[-1] in looked_at and target(reference, home, schema, atoms) is None:
            yield pointer, reference


def circle(schema: Any, atoms: Mapping[str, Any]) -> list[str] | None:
    """A way from reference to reference that comes back to where it was without a step into the value: such a schema
    says nothing. None if there is none."""
    done: set[int] = set()

    def follow(node: Any, home: str, root: Any, way: list[tuple[int, str]]) -> list[str] | None:
        if not isinstance(node, dict) or id(node) in done:
            return None
        for at, (seen, _) in enumerate(way):
            if seen == id(node):
                return [name for _, name in way[at:]]
        reference = node.get("$ref")
        if isinstance(reference, str):
            found = target(reference, home, root, atoms)
            if found is not None:
                around = follow(found[0], found[1], found[2], [*way, (id(node), reference)])
                if around is not None:
                    return around
        for keyword in _IN_PLACE & node.keys():
            inner = node[keyword]
            for each in inner.values() if keyword == "dependentSchemas" and isinstance(inner, dict) else _list(inner):
                around = follow(each, home, root, [*way, (id(node), keyword)])
                if around is not None:
                    return around
        done.add(id(node))
        return None

    for root in (schema, *atoms.values()):
        for _, node in schemas(root, ()):
            around = follow(node, base(root), root, [])
            if around is not None:
                return [each for each in around if each not in _IN_PLACE]
    return None


def needed(schema: Any, atoms: Mapping[str, Any]) -> dict[str, Any]:
    """The atoms that ``schema`` refers to, and those that they refer to."""
    found: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        for _, reference in references(node):
            url = urldefrag(_joined(base(node), reference)).url
            if url in atoms and url not in found:
                found[url] = atoms[url]
                waiting.append(atoms[url])
    return found


def base(schema: Any) -> str:
    """The URL that a schema gives itself (``$id``; in Draft 4 ``id``), without a fragment."""
    if not isinstance(schema, Mapping):
        return ""
    given = schema.get("$id", schema.get("id"))
    return urldefrag(given).url if isinstance(given, str) else ""


def target(reference: str, home: str, root: Any, atoms: Mapping[str, Any]) -> tuple[Any, str, Any] | None:
    """(what ``reference``, in the schema ``root`` at ``home``, leads to; the URL of the schema it is in; that schema).
    None if it leads nowhere."""
    url, fragment = urldefrag(_joined(home, reference))
    if url == home:
        resource = root
    elif url in atoms:
        resource = atoms[url]
    else:
        resource = next((node for _, node in schemas(root, ()) if _joined(home, base(node)) == url), None)
        if resource is None:
            return None
    if fragment and not fragment.startswith("/"):
        anchors = (node for _, node in schemas(resource, ()) if fragment in _anchors(node))
        node: Any = next(anchors, None)
        return None if node is None else (node, url, resource)
    node = resource
    for step in unquote(fragment).split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, Sequence) and not isinstance(node, str) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            return None
    return node, url, resource


def _joined(home: str, reference: str) -> str:
    """RFC 3986, section 5.2. ``urljoin`` alone would lose a ``home`` that is a URN."""
    if not reference or reference.startswith("#"):
        return home + reference
    return urljoin(home, reference)


def _anchors(node: Mapping[str, Any]) -> tuple[Any, ...]:
    return node.get("$anchor"), node.get("$dynamicAnchor"), _anchor4(node)


def _anchor4(node: Mapping[str, Any]) -> str | None:
    """Up to draft 7 an anchor is an id that is a fragment only."""
    given = node.get("$id", node.get("id"))
    return given[1:] if isinstance(given, str) and given.startswith("#") else None


def schemas(
    node: Any, pointer: Pointer, keywords: Collection[str] | None = None
) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Every schema inside of ``node``, itself first, that is an object. ``keywords``: only what these lead to."""
    if not isinstance(node, dict):
        return
    yield pointer, node
    for keyword, value in node.items():
        if keyword in _DATA or (keywords is not None and keyword not in keywords):
            continue
        if isinstance(value, dict):
            if keyword in _BY_NAME:
                for name, inner in value.items():
                    yield from schemas(inner, (*pointer, keyword, name), keywords)
            else:
                yield from schemas(value, (*pointer, keyword), keywords)
        elif isinstance(value, list):
            for at, inner in enumerate(value):
                yield from schemas(inner, (*pointer, keyword, at), keywords)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
