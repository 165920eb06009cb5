"""Code bindings through a real boto3, with generators of their own: what is under way, done, failed, and kept."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from eventyard.errors import InvalidRequest
from tests.acceptance.refusal import refused
from tests.acceptance.schemas.live import Live
from tests.acceptance.waiting import until

SCHEMA = {"RegistryName": "shop", "SchemaName": "shop@OrderPlaced"}


class Generators:
    """Python's waits until it is let go; Java's always refuses; TypeScript's is broken."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def python(self, schema: Mapping[str, Any], language: str, name: str) -> bytes:
        assert self.go.wait(20)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("schema/shop/order_placed.py", f"# {name} {language}\n")
            archive.writestr("schema.json", json.dumps(schema))
        return file.getvalue()

    def java(self, schema: Mapping[str, Any], language: str, name: str) -> bytes:
        raise InvalidRequest("no Java for this one")

    def typescript(self, schema: Mapping[str, Any], language: str, name: str) -> bytes:
        raise ZeroDivisionError


@pytest.fixture
def generators() -> Generators:
    return Generators()


@pytest.fixture
def live(generators: Generators) -> Iterator[Live]:
    live = Live({"Python36": generators.python, "Java8": generators.java, "TypeScript3": generators.typescript})
    live.client.create_registry(RegistryName="shop")
    live.client.create_schema(**SCHEMA, Type="JSONSchemaDraft4", Content='{"type": "object"}')
    yield live
    generators.go.set()
    live.stop()


def _source(live: Live, **more: str) -> dict[str, str]:
    body = live.client.get_code_binding_source(**SCHEMA, Language="Python36", **more)["Body"].read()
    archive = zipfile.ZipFile(io.BytesIO(body))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_binding_is_in_progress_until_it_is_complete(live: Live, generators: Generators) -> None:
    put = live.client.put_code_binding(**SCHEMA, Language="Python36")
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (put["Status"], put["SchemaVersion"]) == ("CREATE_IN_PROGRESS", "1")
    with refused("NotFoundException", "The code binding's status is CREATE_IN_PROGRESS"):
        live.client.get_code_binding_source(**SCHEMA, Language="Python36")
    generators.go.set()
    live.client.get_waiter("code_binding_exists").wait(**SCHEMA, Language="Python36", WaiterConfig={"Delay": 1})
    assert _source(live) == {
        "schema/shop/order_placed.py": "# shop@OrderPlaced Python36\n",
        "schema.json": '{"type": "object"}',
    }
    again = live.client.put_code_binding(**SCHEMA, Language="Python36")
    assert (again["Status"], again["CreationDate"]) == ("CREATE_COMPLETE", put["CreationDate"])


def test_a_generator_gets_an_openapi_document_as_one_schema_in_draft_4(live: Live, generators: Generators) -> None:
    generators.go.set()
    event = {"type": "object", "properties": {"detail": {"$ref": "#/components/schemas/Detail"}}}
    document = {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": "OrderPlaced"},
        "paths": {},
        "components": {"schemas": {"Detail": {"type": "string", "nullable": True}, "AWSEvent": event}},
    }
    live.client.update_schema(**SCHEMA, Type="OpenApi3", Content=json.dumps(document))
    live.client.put_code_binding(**SCHEMA, Language="Python36")
    assert until(lambda: _status(live, "Python36") == "CREATE_COMPLETE")
    assert json.loads(_source(live)["schema.json"]) == {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "OrderPlaced",
        "type": "object",
        "properties": {"detail": {"$ref": "#/definitions/Detail"}},
        "definitions": {"Detail": {"type": ["string", "null"]}},
    }


def test_every_version_has_bindings_of_its_own(live: Live, generators: Generators) -> None:
    generators.go.set()
    live.client.update_schema(**SCHEMA, Content='{"type": "object", "title": "x"}')
    for version in ("1", "2"):
        live.client.put_code_binding(**SCHEMA, Language="Python36", SchemaVersion=version)
    assert until(lambda: _status(live, "Python36") == "CREATE_COMPLETE")
    assert "title" in _source(live)["schema.json"]
    assert until(lambda: "title" not in _source(live, SchemaVersion="1")["schema.json"])
    live.client.delete_schema_version(**SCHEMA, SchemaVersion="1")
    with refused("NotFoundException"):
        live.client.describe_code_binding(**SCHEMA, Language="Python36", SchemaVersion="1")


@pytest.mark.parametrize(("language", "reason"), [("Java8", "no Java for this one"), ("TypeScript3", "The generator")])
def test_a_binding_that_cannot_be_made_has_failed_and_says_why(live: Live, language: str, reason: str) -> None:
    live.client.put_code_binding(**SCHEMA, Language=language)
    assert until(lambda: _status(live, language) == "CREATE_FAILED")
    with pytest.raises(live.client.exceptions.NotFoundException, match=reason):
        live.client.get_code_binding_source(**SCHEMA, Language=language)
    assert live.client.put_code_binding(**SCHEMA, Language=language)["Status"] == "CREATE_IN_PROGRESS"


def test_languages_are_refused_by_name(live: Live) -> None:
    with refused("BadRequestException", "Code bindings for Golang are not supported by this server."):
        live.client.put_code_binding(**SCHEMA, Language="Go1")
    with refused("BadRequestException", "Language Cobol is not one of Java8, Python36, TypeScript3, Go1."):
        live.client.put_code_binding(**SCHEMA, Language="Cobol")
    with refused("NotFoundException"):
        live.client.describe_code_binding(**SCHEMA, Language="Go1")


def test_what_was_under_way_is_begun_again_by_the_next_start(live: Live, generators: Generators) -> None:
    live.client.put_code_binding(**SCHEMA, Language="Python36")
    generators.go.clear()
    other = Generators()
    other.go.set()
    next_one = Live({"Python36": other.python}, live.store)
    try:
        assert until(lambda: _status(next_one, "Python36") == "CREATE_COMPLETE")
    finally:
        next_one.stop()


def _status(live: Live, language: str) -> str:
    return str(live.client.describe_code_binding(**SCHEMA, Language=language)["Status"])
