"""AsyncAPI documents: by AsyncAPI's own schema, where it is there, and by what its text demands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from eventyard.contract import Repository, from_files, read_repository
from eventyard.contracts.asyncapi import document, raised, services
from eventyard.errors import NotFound
from tests.npm import packages

from .documents import VIN, sold
from .documents import document as written

CARS = Path(__file__).parents[3] / "examples" / "cars" / "contracts"


def repository(*documents: str) -> Repository:
    return from_files({"vin.json": json.dumps(VIN), **{f"{at}.md": text for at, text in enumerate(documents)}})


def resolved(whole: Any, node: Any) -> Any:
    """What a local reference leads to, as a tool would find it."""
    while isinstance(node, dict) and "$ref" in node:
        assert node["$ref"].startswith("#/")
        target = whole
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [each for inner in node.values() for each in references(inner)]
    return [each for inner in node for each in references(inner)] if isinstance(node, list) else []


def payload(whole: Any, message: Any) -> jsonschema.Draft7Validator:
    """The check of a message as a tool would make it: its schema, with the document's components around it."""
    schema = message["payload"]["schema"]
    return jsonschema.Draft7Validator({**schema, "components": whole["components"]})


def test_a_service_sends_what_it_publishes_and_receives_what_it_subscribes_to() -> None:
    found = document(repository(written(sold())), "finance")
    assert found["asyncapi"] == "3.0.0"
    assert [each["action"] for each in found["operations"].values()] == ["receive"]
    (send,) = document(repository(written(sold())), "sales")["operations"].values()
    assert (send["action"], send["title"]) == ("send", "sales publishes CarSold")
    with pytest.raises(NotFound, match=r"by salez\. Did you mean sales\?"):
        document(repository(written(sold())), "salez")


def test_all_of_it_has_an_operation_for_each_service() -> None:
    found = document(repository(written(sold())))
    assert sorted(found["operations"]) == [
        "finance-receive-uk.co.cars-CarSold",
        "sales-send-uk.co.cars-CarSold",
    ]
    assert services(repository(written(sold())).contracts) == ["finance", "sales"]


def test_an_operations_messages_are_those_of_its_channel() -> None:
    both = repository(written(sold()), written(sold(note={"type": "string"}), {"version": 2}))
    found = document(both)
    (channel,) = found["channels"].values()
    assert sorted(channel["messages"]) == ["uk.co.cars-CarSold-v1", "uk.co.cars-CarSold-v2"]
    for operation in found["operations"].values():
        assert resolved(found, operation["channel"]) is channel
        assert len(operation["messages"]) == 2
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
            assert resolved(found, message)["name"] == "CarSold"


def test_a_payload_is_the_whole_event_and_its_atoms_are_found() -> None:
    found = document(repository(written(sold(), {"correlation": ["vin"]}, {"vin": "1C6RD7LT4CS156097"})))
    (message,) = found["components"]["messages"].values()
    check = payload(found, message)
    assert message["payload"]["schemaFormat"] == "application/schema+json;version=draft-07"
    (example,) = message["examples"]
    check.validate(example["payload"])
    assert not check.is_valid({**example["payload"], "detail": {"vin": "short"}})
    assert not check.is_valid({**example["payload"], "source": "else"})
    assert message["correlationId"] == {"location": "$message.payload#/detail/vin"}


def test_a_schema_that_refers_to_itself_still_does() -> None:
    tree = {"type": "object", "properties": {"name": {"type": "string"}, "kids": {"items": {"$ref": "#"}}}}
    found = document(repository(written(tree)))
    (message,) = found["components"]["messages"].values()
    check = payload(found, message)
    event = {"version": "0", "id": "", "detail-type": "CarSold", "source": "uk.co.cars", "account": "", "region": ""}
    event |= {"time": "2026-01-01T00:00:00Z", "resources": []}
    assert check.is_valid({**event, "detail": {"kids": [{"name": "a"}]}})
    assert not check.is_valid({**event, "detail": {"kids": [{"name": 1}]}})


def test_names_that_are_no_keys_become_keys_of_their_own() -> None:
    strange = repository(*(written(sold(), {"type": name}) for name in ("a/b", "a b", "a-b", "ä")))
    found = document(strange)
    assert len(found["channels"]) == 4
    assert all(
        set(key) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        for key in found["channels"]
    )


def test_bounds_of_draft_4_become_bounds_of_draft_7() -> None:
    old = {
        "properties": {"a": {"minimum": 1, "exclusiveMinimum": True}, "b": {"maximum": 2, "exclusiveMaximum": False}}
    }
    assert raised(old) == {"properties": {"a": {"exclusiveMinimum": 1}, "b": {"maximum": 2}}}


@pytest.mark.parametrize("service", [None, *services(read_repository(CARS).contracts)])
def test_the_example_companys_documents_hold_together(service: str | None) -> None:
    found = document(read_repository(CARS), service)
    for reference in references(found):
        assert resolved(found, {"$ref": reference}) is not None
    for message in found["components"]["messages"].values():
        check = payload(found, message)
        assert message["examples"]
        for example in message["examples"]:
            check.validate(example["payload"])


@pytest.fixture(scope="module")
def own_schema() -> jsonschema.Draft7Validator:
    """AsyncAPI's own schema of 3.0.0, from npm's @asyncapi/specs."""
    folder = packages(Path(__file__).parent / "asyncapi") / "@asyncapi" / "specs" / "schemas"
    return jsonschema.Draft7Validator(json.loads((folder / "3.0.0-without-$id.json").read_text("utf-8")))


@pytest.mark.parametrize("service", [None, "sales", "delivery"])
def test_a_document_keeps_asyncapis_own_schema(service: str | None, own_schema: jsonschema.Draft7Validator) -> None:
    found = document(read_repository(CARS), service)
    own_schema.validate(found)
    assert not own_schema.is_valid({**found, "operations": {"x": {"action": "publish"}}})
    assert not own_schema.is_valid({**found, "channels": {"x": {"adress": "cars"}}})


def test_strange_names_keep_it_too(own_schema: jsonschema.Draft7Validator) -> None:
    strange = (written(sold(), {"type": name}) for name in ("a/b", "a b", "a-b", "ä", "$ref", "x-y", "~1"))
    own_schema.validate(document(repository(*strange)))
