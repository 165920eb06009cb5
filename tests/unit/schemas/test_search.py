"""What search finds, and that no keyword takes long."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from eventyard.clock import ManualClock
from eventyard.errors import InvalidRequest
from eventyard.schemas import DRAFT4, Place, Registries, Registry, Schema, Schemas, Search, Version
from eventyard.stores.memory import open_memory

HOME = Place("000000000001", "us-east-1")


class Library:
    """Schemas in one registry, and the search."""

    def __init__(self, catalog: Any) -> None:
        self.registries = Registries(catalog)
        self.schemas = Schemas(catalog, ManualClock(), self.registries, self._tell, {})
        self.search = Search()

    async def _tell(self, schema: Schema, version: Version) -> None:
        pass

    async def put(self, name: str, content: Any) -> None:
        schema = Schema(place=HOME, registry="shop", name=name, modified=0)
        await self.schemas.create(schema, DRAFT4, json.dumps(content))

    def find(self, keywords: str) -> list[str]:
        there = self.schemas.list(HOME, "shop")
        found = self.search.find([(schema, self.schemas.versions(schema)) for schema in there], keywords)
        return [schema.name for schema, _ in found]


@pytest.fixture
async def library() -> AsyncIterator[Library]:
    store = await open_memory()
    library = Library(store.catalog)
    await library.registries.create(Registry(place=HOME, name="shop"))
    await library.put(
        "shop@OrderPlaced",
        {
            "title": "An order",
            "type": "object",
            "x-amazon-events-source": "uk.co.cazoo",
            "properties": {
                "type": {"type": "string", "enum": ["CASH", "CARD"]},
                "lines": {"items": {"$ref": "#/definitions/Line"}},
            },
            "definitions": {"Line": {"description": "What was bought", "properties": {"sku": {}}}},
        },
    )
    await library.put("shop@Paid", {"type": "object", "properties": {"amount": {"type": "number"}}})
    yield library
    await store.close()


@pytest.mark.parametrize(
    "keywords", ["orderplaced", "AN ORDER", "cazoo", "sku", "line", "cash", '"was bought"', "b*ght", "type", "s*u cash"]
)
async def test_names_and_texts_are_found(library: Library, keywords: str) -> None:
    assert library.find(keywords) == ["shop@OrderPlaced"]


@pytest.mark.parametrize(
    "keywords", ["string", "object", "$ref", "definitions", "an*bought", "order amount", '"bought was"']
)
async def test_structure_is_not_found_and_all_keywords_must_be_there(library: Library, keywords: str) -> None:
    assert library.find(keywords) == []


async def test_schemas_come_in_order_of_their_names(library: Library) -> None:
    assert library.find("shop") == ["shop@OrderPlaced", "shop@Paid"]


@pytest.mark.parametrize("keywords", ["", "   ", "*", '""', "x" * 1_001, " ".join("abcdefghijklmnopqrstu")])
async def test_what_is_no_keyword_is_refused(library: Library, keywords: str) -> None:
    with pytest.raises(InvalidRequest):
        library.find(keywords)


async def test_no_keyword_takes_long(library: Library) -> None:
    await library.put("shop@Long", {"title": "a" * 95_000})
    started = time.monotonic()
    assert library.find("*".join("a" * 20) + "*z") == []
    assert library.find("(a+)+$") == []
    assert time.monotonic() - started < 3
