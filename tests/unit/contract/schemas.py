"""Schemas of draft 2020-12 and JSON values, made up: small alphabets, so that they often have to do with each other."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "ab")
_scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from((0.5, -1.5, 2.25)), st.sampled_from(("", *NAMES))
)
values: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=8,
)
_types = st.sampled_from(("null", "boolean", "integer", "number", "string", "array", "object"))
_small = st.integers(0, 3)


def _object(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    name = st.sampled_from(NAMES)
    names = st.lists(name, unique=True, max_size=2)
    members = st.dictionaries(name, inner, min_size=1, max_size=2)
    branches = st.lists(inner, min_size=1, max_size=3)
    keywords = {
        "type": st.one_of(_types, st.lists(_types, min_size=1, max_size=2, unique=True)),
        "const": values,
        "enum": st.lists(values, min_size=1, max_size=3),
        "minimum": _small,
        "maximum": _small,
        "exclusiveMinimum": _small,
        "exclusiveMaximum": _small,
        "minLength": _small,
        "maxLength": _small,
        "pattern": st.sampled_from(("^a", "b$", "^$")),
        "required": names,
        "properties": members,
        "patternProperties": st.dictionaries(st.sampled_from(("^a", "b$")), inner, min_size=1, max_size=2),
        "additionalProperties": inner,
        "unevaluatedProperties": inner,
        "unevaluatedItems": inner,
        "propertyNames": st.one_of(
            st.booleans(),
            st.fixed_dictionaries({"pattern": st.just("^a")}),
            st.fixed_dictionaries({"enum": st.just(["a"])}),
            st.fixed_dictionaries({"maxLength": st.just(1)}),
        ),
        "minProperties": _small,
        "dependentRequired": st.dictionaries(name, names, min_size=1, max_size=2),
        "dependentSchemas": members,
        "prefixItems": branches,
        "items": inner,
        "contains": inner,
        "minContains": _small,
        "maxContains": _small,
        "minItems": _small,
        "uniqueItems": st.booleans(),
        "allOf": branches,
        "anyOf": branches,
        "oneOf": branches,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "$ref": st.sampled_from(("#/$defs/x", "#/$defs/y", "#named")),
        "examples": st.just([1]),
    }
    chosen = st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=4, unique=True)
    return chosen.flatmap(lambda some: st.fixed_dictionaries({keyword: keywords[keyword] for keyword in some}))


_inner = st.recursive(st.one_of(st.booleans(), st.builds(lambda kind: {"type": kind}, _types)), _object, max_leaves=6)
#: Definitions refer to nothing, so that no schema consists of itself.
_plain = _inner.filter(lambda schema: "$ref" not in repr(schema))


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """A schema whose references lead somewhere."""
    schema = draw(_object(_inner))
    named = draw(_plain)
    named = {"$anchor": "named"} | (named if isinstance(named, dict) else {})
    return {**schema, "$defs": {"x": draw(_plain), "y": draw(_plain), "z": named}}


def older(schema: Any, draft: int) -> Any:
    """``schema``, of draft 2020-12, as draft 4, 6, 7 or 2019 would spell it, as far as that knows its keywords."""
    if isinstance(schema, bool):
        return schema if draft > 4 else {} if schema else {"not": {}}
    out: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in ("properties", "patternProperties", "$defs", "dependentSchemas"):
            name = {"$defs": "definitions", "dependentSchemas": "dependencies" if draft < 2019 else keyword}
            out[name.get(keyword, keyword)] = {each: older(inner, draft) for each, inner in value.items()}
        elif keyword in ("allOf", "anyOf", "oneOf"):
            out[keyword] = [older(inner, draft) for inner in value]
        elif keyword == "prefixItems":
            out["items"] = [older(inner, draft) for inner in value]
        elif keyword == "items":
            out["additionalItems" if "prefixItems" in schema else "items"] = older(value, draft)
        elif keyword in _ONE_SCHEMA:
            out[keyword] = older(value, draft)
        elif keyword == "$ref":
            out[keyword] = "#/definitions/x" if value == "#named" else value.replace("$defs", "definitions")
        elif keyword.startswith("exclusiveM") and draft == 4:
            out |= {keyword: True, keyword.removeprefix("exclusive").lower(): value}
        elif keyword != "$anchor" and (value or keyword != "required" or draft > 4):
            out[keyword] = value
    return out


_ONE_SCHEMA = frozenset({
    "additionalProperties", "not", "contains", "if", "then", "else", "unevaluatedProperties", "unevaluatedItems",
})  # fmt: skip
