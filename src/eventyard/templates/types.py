"""The types of resources that are read, with their properties, from AWS's own schemas (``docs/resource_types.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec


class Type(msgspec.Struct, frozen=True):
    """``fields`` and ``required``: its properties, a shape. ``attributes``: what ``Fn::GetAtt`` takes."""

    fields: Mapping[str, Any]
    attributes: tuple[str, ...]
    required: tuple[str, ...] = ()

    @property
    def shape(self) -> Mapping[str, Any]:
        return {"fields": self.fields, "required": self.required}


@cache
def types() -> Mapping[str, Type]:
    """By name, such as ``AWS::Events::Rule``."""
    text = resources.files("eventyard.templates").joinpath("types.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Type])
