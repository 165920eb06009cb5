"""What a schema says about the types of values, and nothing else: the common ground of all languages.

It is wider than the schema, never narrower: what types can't say (patterns, conditions, counts) is the validator's."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Primitive = Literal["string", "integer", "number", "boolean", "null"]


class Anything(msgspec.Struct, frozen=True, tag=True):
    """Any JSON value."""


class Scalar(msgspec.Struct, frozen=True, tag=True):
    """``format``: as in the schema, and only for strings."""

    kind: Primitive
    format: str | None = None


class OneOf(msgspec.Struct, frozen=True, tag=True):
    """One of some strings, numbers, booleans or null: an enum, or a const. ``texts``: each as JSON in ASCII, because
    Python's ``1`` and ``True`` are equal."""

    texts: tuple[str, ...]


class ListOf(msgspec.Struct, frozen=True, tag=True):
    item: Shape


class Tuple(msgspec.Struct, frozen=True, tag=True):
    """The first items one by one; the ``least`` first of them are there. ``rest``: of the items behind them; None
    forbids them."""

    items: tuple[Shape, ...]
    rest: Shape | None
    least: int = 0


class MapOf(msgspec.Struct, frozen=True, tag=True):
    """An object whose members have no names of their own."""

    value: Shape


class Named(msgspec.Struct, frozen=True, tag=True):
    """The model of that name."""

    name: str


class Union(msgspec.Struct, frozen=True, tag=True):
    """Two or more, none of them a union."""

    shapes: tuple[Shape, ...]


class Field(msgspec.Struct, frozen=True):
    """``name``: as in the JSON, whatever it contains."""

    name: str
    shape: Shape
    required: bool
    description: str = ""


class Object(msgspec.Struct, frozen=True, tag=True):
    """``rest``: of the members that have no field; None forbids them. ``title``: what the schema calls it."""

    fields: tuple[Field, ...]
    rest: Shape | None
    title: str = ""


Shape: TypeAlias = Anything | Scalar | OneOf | ListOf | Tuple | MapOf | Named | Union | Object


class Model(msgspec.Struct, frozen=True):
    """``name``: letters and digits of ASCII in PascalCase, unlike that of any other model and of what languages bring
    along. In ``shape`` objects are models of their own (Named), but for the outermost."""

    name: str
    shape: Shape
    description: str = ""


class Models(msgspec.Struct, frozen=True):
    """All that one schema needs, in the order in which it was met. ``root``: the name of the first."""

    root: str
    models: tuple[Model, ...]

    def named(self, name: str) -> Model:
        return next(model for model in self.models if model.name == name)
