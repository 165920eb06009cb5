"""Schema Objects of OpenAPI 3.0 from and to Draft 4. See ``dialects`` for what is promised.

Source: OpenAPI Specification 3.0.3, "Schema Object".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_COMPONENTS, _DEFINITIONS = "#/components/schemas/", "#/definitions/"
_LISTS = ("allOf", "anyOf", "oneOf")
#: What a Schema Object shares with Draft 4 as it is.
_SHARED = frozenset({
    "title", "description", "default", "format", "enum", "required", "multipleOf", "maximum", "exclusiveMaximum",
    "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems",
    "maxProperties", "minProperties",
})  # fmt: skip
#: Members of a Schema Object that constrain nothing and have no name in Draft 4.
_OPENAPI_ONLY = frozenset({
    "nullable", "discriminator", "readOnly", "writeOnly", "xml", "externalDocs", "example", "deprecated",
})  # fmt: skip
_ANYTHING_BUT_OBJECTS = {"anyOf": [{"type": kind} for kind in ("array", "boolean", "number", "string")]}

Left = list[tuple[str, str]]


def opened(schema: Mapping[str, Any], left: Left) -> dict[str, Any]:
    """A schema of Draft 4 as a Schema Object, and its definitions likewise. What had to be left out is added to
    ``left`` as (pointer, keyword)."""
    # What is inexact can't be turned round, so it has to be known before anything is converted.
    loose = _loose(schema)
    made: dict[str, Any] = _open(schema, "#", left, loose)
    definitions = schema.get("definitions")
    if definitions:
        made["definitions"] = {
            name: _open(each, f"{_DEFINITIONS}{name}", left, loose) for name, each in definitions.items()
        }
    return made


def drafted(schema: Any) -> Any:
    """A Schema Object in Draft 4, which can say all that it says."""
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace(_COMPONENTS, _DEFINITIONS, 1)}
    out: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "type":
            out["type"] = [value, "null"] if schema.get("nullable") is True else value
        elif keyword == "properties":
            out[keyword] = {name: drafted(each) for name, each in value.items()}
        elif keyword in _LISTS:
            out[keyword] = [drafted(each) for each in value]
        elif keyword in ("items", "not", "additionalProperties"):
            out[keyword] = drafted(value)
        elif keyword not in _OPENAPI_ONLY:
            out[keyword] = value
    return out


def renamed(schema: Any) -> Iterator[str]:
    """The names of the definitions that a converted schema refers to."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(_DEFINITIONS)
        for value in schema.values():
            yield from renamed(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from renamed(value)


def _open(schema: Any, at: str, left: Left, loose: frozenset[str]) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        if schema["$ref"] == "#":
            left.append((at, "$ref"))  # a Schema Object is no document that could be referred to
            return {}
        return {"$ref": schema["$ref"].replace(_DEFINITIONS, _COMPONENTS, 1)}
    out: dict[str, Any] = {}
    also: list[dict[str, Any]] = []
    for keyword, value in schema.items():
        if keyword == "type":
            _type(value, schema, out, also)
        elif keyword == "properties":
            out[keyword] = {name: _open(each, f"{at}/properties/{name}", left, loose) for name, each in value.items()}
        elif keyword in _LISTS:
            exact = not any(_inexact(each, loose) for each in value)
            target = "anyOf" if keyword == "oneOf" and not exact else keyword
            found = [_open(each, f"{at}/{keyword}/{number}", left, loose) for number, each in enumerate(value)]
            if target != keyword:
                left.append((at, keyword))
                also.append({target: found})
            else:
                out[target] = found
        elif keyword == "not":
            if _inexact(value, loose):
                left.append((at, keyword))
            else:
                out[keyword] = _open(value, f"{at}/not", left, loose)
        elif keyword == "items":
            _items(schema, at, out, left, loose)
        elif keyword == "additionalProperties":
            if "patternProperties" not in schema:
                out[keyword] = _open(value, f"{at}/{keyword}", left, loose)
        elif keyword == "dependencies":
            also += [_dependency(name, each, f"{at}/{keyword}/{name}", left, loose) for name, each in value.items()]
        elif keyword == "patternProperties":
            left.append((at, keyword))
        elif keyword in _SHARED or keyword.startswith("x-"):
            out[keyword] = value
    if also:
        out["allOf"] = [*out.get("allOf", ()), *also]
    return out


def _type(value: Any, schema: Mapping[str, Any], out: dict[str, Any], also: list[dict[str, Any]]) -> None:
    kinds = [value] if isinstance(value, str) else list(value)
    named = [kind for kind in kinds if kind != "null"]
    nullable = {"nullable": True} if "null" in kinds else {}
    if not named:
        also.append({"enum": [None]})
    elif len(named) == 1:
        out.update({"type": named[0]} | nullable)
    else:
        also.append({"anyOf": [{"type": kind} | nullable for kind in named]})
    if named == ["array"] and "items" not in schema:
        out["items"] = {}  # "MUST be present if the type is array"


def _items(schema: Mapping[str, Any], at: str, out: dict[str, Any], left: Left, loose: frozenset[str]) -> None:
    value = schema["items"]
    if not isinstance(value, list):
        out["items"] = _open(value, f"{at}/items", left, loose)
        return
    left.append((at, "items"))
    rest = schema.get("additionalItems", True)
    if rest is True or rest == {}:
        out["items"] = {}
        return
    any_of = [_open(each, f"{at}/items/{number}", left, loose) for number, each in enumerate(value)]
    if rest is False:
        out["maxItems"] = min(len(value), schema.get("maxItems", len(value)))
    else:
        any_of.append(_open(rest, f"{at}/additionalItems", left, loose))
    out["items"] = {"anyOf": any_of}


def _dependency(name: str, wanted: Any, at: str, left: Left, loose: frozenset[str]) -> dict[str, Any]:
    """What is no object, or has no member ``name``, or is as wanted."""
    then = {"required": wanted} if isinstance(wanted, list) else _open(wanted, at, left, loose)
    without = {"type": "object", "not": {"required": [name]}}
    return {"anyOf": [{**_ANYTHING_BUT_OBJECTS}, {"enum": [None]}, without, then]}


def _loose(schema: Mapping[str, Any]) -> frozenset[str]:
    """The names of those definitions that can't be converted exactly."""
    definitions = schema.get("definitions", {})
    loose: frozenset[str] = frozenset()
    while True:
        found = frozenset(name for name, each in definitions.items() if name in loose or _inexact(each, loose))
        if found == loose:
            return loose
        loose = found


def _inexact(schema: Any, loose: frozenset[str]) -> bool:
    if not isinstance(schema, Mapping):
        return False
    if "$ref" in schema:
        return schema["$ref"] == "#" or schema["$ref"].removeprefix(_DEFINITIONS) in loose
    if "patternProperties" in schema or isinstance(schema.get("items"), list):
        return True
    inner = [schema[keyword] for keyword in ("items", "not", "additionalProperties") if keyword in schema]
    for keyword in ("properties", "dependencies"):
        inner += schema.get(keyword, {}).values()
    for keyword in _LISTS:
        inner += schema.get(keyword, ())
    return any(_inexact(each, loose) for each in inner)
