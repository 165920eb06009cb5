"""What the content of a schema must be to be taken. Nothing is fetched, and every check ends in bounded time.

Sources: API reference, "CreateSchema"; user guide, "Creating an event schema" (JSON files, in OpenAPI 3 or JSON Schema
Draft 4); OpenAPI Specification 3.0.3; JSON Schema Draft 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import jsonschema_rs
import msgspec

from eventyard.contract.resolver import Place, Resolver
from eventyard.detail import parse_object
from eventyard.errors import InvalidRequest
from eventyard.schemas.regex import is_explosive
from eventyard.schemas.resources import OPENAPI

#: Characters, by the service's model.
LONGEST = 100_000
_DEEPEST = 200
_LONGEST_PATTERN, _MOST_PATTERNS = 1_000, 500
_COMPONENT = re.compile(r"[a-zA-Z0-9._-]+")
_DRAFT4 = ("http://json-schema.org/draft-04/schema", "http://json-schema.org/schema")
#: Members of a schema (Draft 4's, which are more than OpenAPI's) that hold one schema, a list, or some by name.
_ONE = ("items", "additionalItems", "additionalProperties", "not")
_LISTS = ("items", "allOf", "anyOf", "oneOf")
_NAMED = ("properties", "patternProperties", "definitions", "dependencies")
#: Those through which a schema is about the same value as the one it is in.
_SAME_VALUE = frozenset({"$ref", "allOf", "anyOf", "oneOf", "not", "dependencies"})
_BOUNDED = jsonschema_rs.RegexOptions(size_limit=1 << 18, dfa_size_limit=1 << 18)


def check(type: str, content: str) -> dict[str, Any]:
    """The schema in ``content``. Raises InvalidRequest, saying what is wrong with it and where."""
    if len(content) > LONGEST:
        raise _wrong(f"it has {len(content)} characters, and {LONGEST} are allowed")
    schema = parse_object(content.encode("utf-8", "replace"), _DEEPEST)
    if schema is None:
        raise _wrong(f"it is not a JSON object of at most {_DEEPEST} levels")
    _check_document(schema) if type == OPENAPI else _check_draft4(schema)
    return schema


def _check_draft4(schema: dict[str, Any]) -> None:
    named = schema.get("$schema")
    if named is not None and (not isinstance(named, str) or not named.startswith(_DRAFT4)):
        raise _wrong(f"$schema is {named!r}, and only Draft 4 is taken (http://json-schema.org/draft-04/schema#)")
    _judge(_draft4_rules(), schema, "#")
    _check_references(schema, [()])
    try:
        jsonschema_rs.Draft4Validator(schema, offline=True, pattern_options=_BOUNDED)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise _wrong(str(error).partition("\n")[0]) from error


def _check_document(document: dict[str, Any]) -> None:
    if not re.fullmatch(r"3\.0\.\d+", str(document.get("openapi"))):
        raise _wrong(f"openapi is {document.get('openapi')!r}, and only versions 3.0.x are taken")
    info, components = document.get("info"), document.get("components")
    if not isinstance(info, dict) or not isinstance(info.get("title"), str) or not isinstance(info.get("version"), str):
        raise _wrong("info must have a title and a version")
    if not isinstance(document.get("paths"), dict):
        raise _wrong("paths must be an object, which may be empty")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    if not isinstance(schemas, dict) or not schemas:
        raise _wrong("components.schemas must hold at least one schema")
    for name, schema in schemas.items():
        if not _COMPONENT.fullmatch(name):
            raise _wrong(f"component {name!r} must have a name of letters, digits, '.', '-' and '_'")
        _judge(_schema_object_rules(), schema, f"#/components/schemas/{name}")
    _check_references(document, [("components", "schemas", name) for name in schemas])


def _judge(rules: Any, schema: Any, at: str) -> None:
    for error in rules.iter_errors(schema):
        place = "".join(f"/{part}" for part in error.instance_path)
        raise _wrong(f"{error.message[:300]} at {at}{place}")


def _check_references(root: dict[str, Any], starts: list[tuple[str, ...]]) -> None:
    """All references lead somewhere inside, no schema consists of itself, and no pattern explodes."""
    resolver = Resolver(root, {})
    same: dict[Place, list[Place]] = {}
    patterns: set[str] = set()
    work = [resolver.root.inside(*pointer) for pointer in starts]
    seen = set(work)
    while work:
        place = work.pop()
        schema = resolver.get(place)
        if not isinstance(schema, Mapping):
            continue
        for pattern in _patterns(schema):
            if pattern not in patterns:
                patterns.add(pattern)
                _check_pattern(pattern, place)
        if len(patterns) > _MOST_PATTERNS:
            raise _wrong(f"it has more than {_MOST_PATTERNS} different patterns")
        for keyword, inner in _inner(schema, resolver.home(place), resolver):
            if keyword in _SAME_VALUE:
                same.setdefault(place, []).append(inner)
            if inner not in seen:
                seen.add(inner)
                work.append(inner)
    circle = _circle(same)
    if circle is not None:
        raise _wrong(f"the schema at {circle.fragment} consists of itself, without end")


def _inner(schema: Mapping[str, Any], place: Place, resolver: Resolver) -> Iterator[tuple[str, Place]]:
    """The schemas in a schema, and those it refers to, with the keywords that they are found under."""
    if "$ref" in schema:
        try:
            yield "$ref", resolver.find(schema["$ref"], place.base)
        except InvalidRequest as error:
            raise _wrong(error.message.rstrip(".")) from error
        return
    for keyword in _ONE:
        if isinstance(schema.get(keyword), Mapping):
            yield keyword, place.inside(keyword)
    for keyword in _LISTS:
        if isinstance(schema.get(keyword), list):
            yield from ((keyword, place.inside(keyword, number)) for number in range(len(schema[keyword])))
    for keyword in _NAMED:
        if isinstance(schema.get(keyword), Mapping):
            yield from ((keyword, place.inside(keyword, name)) for name in schema[keyword])


def _circle(edges: Mapping[Place, list[Place]]) -> Place | None:
    """A node that can be reached from itself."""
    done: set[Place] = set()
    for start in edges:
        path: list[tuple[Place, Iterator[Place]]] = [(start, iter(edges[start]))] if start not in done else []
        on_path = {start}
        while path:
            node, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                on_path.discard(node)
                done.add(node)
            elif following in on_path:
                return following
            elif following not in done:
                path.append((following, iter(edges.get(following, ()))))
                on_path.add(following)
    return None


def _patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    if isinstance(schema.get("patternProperties"), Mapping):
        yield from schema["patternProperties"]


def _check_pattern(pattern: str, place: Place) -> None:
    at = f"at {place.fragment}"
    if len(pattern) > _LONGEST_PATTERN:
        raise _wrong(f"the pattern {at} has {len(pattern)} characters, and {_LONGEST_PATTERN} are allowed")
    if is_explosive(pattern):
        raise _wrong(f"the pattern {pattern!r} {at} can take exponential time")
    try:
        jsonschema_rs.Draft4Validator({"pattern": pattern}, offline=True, pattern_options=_BOUNDED)
    except jsonschema_rs.ValidationError as error:
        raise _wrong(
            f"the pattern {pattern!r} {at} is not a regular expression, or needs looking around or back, "
            "which can't be done in linear time"
        ) from error


def _schema_object_rules() -> Any:
    text = resources.files("eventyard.schemas").joinpath("schema_object.json").read_bytes()
    return jsonschema_rs.Draft4Validator(msgspec.json.decode(text), offline=True)


def _draft4_rules() -> Any:
    return jsonschema_rs.Draft4Validator({"$ref": "http://json-schema.org/draft-04/schema#"}, offline=True)


def _wrong(what: str) -> InvalidRequest:
    return InvalidRequest(f"Content is not valid: {what}.", "BadRequestException")
