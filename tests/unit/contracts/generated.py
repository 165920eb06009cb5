"""Schemas, small changes of them, and instances, drawn by hypothesis and not by the code under test."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d")
_TEXTS = st.text(alphabet="abxyz ", max_size=6)


@st.composite
def schemas(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A schema of the kinds that people write in contracts."""
    kinds = ["string", "integer", "number", "boolean", "enum", "null-or"]
    if depth:
        kinds += ["object", "object", "array", "any-of"]
    kind = draw(st.sampled_from(kinds))
    if kind == "string":
        least = draw(st.integers(0, 3))
        return {"type": "string", "minLength": least, **draw(_maybe("maxLength", st.integers(least, 6)))}
    if kind in ("integer", "number"):
        least = draw(st.integers(-5, 5))
        return {
            "type": kind,
            **draw(_maybe("minimum", st.just(least))),
            **draw(_maybe("maximum", st.integers(least, 9))),
        }
    if kind == "boolean":
        return {"type": "boolean"}
    if kind == "enum":
        return {"enum": draw(st.lists(st.sampled_from(["x", "y", "z", 1, None]), min_size=1, unique=True))}
    if kind == "null-or":
        return {"type": [draw(st.sampled_from(["string", "integer"])), "null"]}
    if kind == "array":
        return {"type": "array", "items": draw(schemas(depth - 1)), **draw(_maybe("maxItems", st.integers(0, 3)))}
    if kind == "any-of":
        return {"anyOf": draw(st.lists(schemas(depth - 1), min_size=1, max_size=2))}
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    return {
        "type": "object",
        "properties": {name: draw(schemas(depth - 1)) for name in names},
        "required": [name for name in names if draw(st.booleans())],
        **draw(_maybe("additionalProperties", st.just(False))),
    }


def _maybe(keyword: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(st.just({}), values.map(lambda value: {keyword: value}))


@st.composite
def changed(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` with one thing different, somewhere in it; or another schema altogether."""
    if draw(st.integers(0, 9)) == 0:
        return draw(schemas())
    members = schema.get("properties")
    if members and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(members)))
        return {**schema, "properties": {**members, name: draw(changed(members[name]))}}
    if "items" in schema and draw(st.booleans()):
        return {**schema, "items": draw(changed(schema["items"]))}
    keyword = draw(st.sampled_from(sorted(schema)))
    value = schema[keyword]
    if keyword == "required":
        names = sorted(schema.get("properties", {}))
        return {**schema, "required": [name for name in names if draw(st.booleans())]}
    if keyword == "properties":
        return {**schema, "properties": {**value, draw(st.sampled_from(NAMES)): draw(schemas(1))}}
    if isinstance(value, int) and not isinstance(value, bool):
        return {**schema, keyword: max(0, value + draw(st.sampled_from([-1, 1])))}
    if keyword == "enum":
        return {"enum": [*value, draw(st.sampled_from(["w", 2]))]} if draw(st.booleans()) else {"enum": value[:1]}
    if keyword == "type" and value in ("integer", "number"):
        return {**schema, "type": "number" if value == "integer" else "integer"}
    return {key: kept for key, kept in schema.items() if key != keyword}


@st.composite
def instances(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """What is likely to be an instance of a schema from :func:`schemas`; the test drops what isn't."""
    if draw(st.integers(0, 11)) == 0:
        return draw(_ANYTHING)
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if "anyOf" in schema:
        return draw(instances(draw(st.sampled_from(schema["anyOf"]))))
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = draw(st.sampled_from(kind))
    if kind == "string":
        least = schema.get("minLength", 0)
        return draw(st.text(alphabet="abxyz ", min_size=least, max_size=max(least, schema.get("maxLength", least + 4))))
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("maximum", 0) - 9)
        most = max(least, schema.get("maximum", least + 9))
        return draw(st.integers(least, most) if kind == "integer" else st.integers(2 * least, 2 * most).map(_half))
    if kind == "array":
        return draw(st.lists(instances(schema.get("items", {})), max_size=schema.get("maxItems", 3)))
    if kind == "object":
        members, wanted = schema.get("properties", {}), schema.get("required", [])
        found = {name: draw(instances(each)) for name, each in members.items() if name in wanted or draw(st.booleans())}
        if schema.get("additionalProperties", True) and draw(st.booleans()):
            found.setdefault(draw(st.sampled_from(NAMES)), draw(_ANYTHING))
        return found
    return draw(_ANYTHING)


def _half(value: int) -> float | int:
    return value / 2 if value % 2 else value // 2


_ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), _TEXTS, st.just(0.5), st.just([]), st.just({}), st.just({"a": None})
)
