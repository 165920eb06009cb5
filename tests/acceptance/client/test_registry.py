"""Contracts out of a registry: read when needed, kept, read anew, and used on while the registry is gone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eventyard import ContractViolation, EventClient, Registry
from eventyard.client.contracts import Checked
from eventyard.clock import ManualClock
from eventyard.errors import InvalidRequest, NotFound, TryAgain, Unsupported
from tests.acceptance.waiting import until
from tests.unit.client.contracts import FILES, GOOD, document

from .peer import Peer
from .registry_peer import RegistryPeer

NAME = "uk.co.cars.sales@PurchaseConfirmed"
PLAIN = {"type": "object", "required": ["vin"], "properties": {"vin": {"type": "string"}}}


def pushed(text: str) -> str:
    """What ``eventyard contracts push`` stores, but for the exported schema, which is not read then."""
    atom = json.loads(FILES["atoms/vin.json"])
    return json.dumps({"x-eventyard-document": text, "x-eventyard-atoms": {atom["$id"]: atom}})


@pytest.fixture
def remote() -> Iterator[RegistryPeer]:
    with RegistryPeer() as remote:
        remote.schemas[NAME] = [pushed(FILES["events/purchase_confirmed.md"])]
        yield remote


def registry(remote: RegistryPeer, **options: Any) -> Registry:
    return Registry("cars", endpoint_url=remote.url, **options)


async def test_client_checks_against_the_document_in_the_registry(remote: RegistryPeer, peer: Peer) -> None:
    async with EventClient(registry(remote), endpoint_url=peer.url) as events:
        await events.put("PurchaseConfirmed", GOOD)
        with pytest.raises(
            ContractViolation, match=r"(?s)uk\.co\.cars\.sales@PurchaseConfirmed in registry cars.*/vin"
        ):
            await events.put("PurchaseConfirmed", {**GOOD, "vin": "short"})
        with pytest.raises(NotFound, match="no contract for Misspelt in registry cars"):
            await events.put("Misspelt", {})
    assert [entry["Source"] for entry in peer.requests[0]] == ["uk.co.cars.sales"]
    assert len(remote.asked) == 2, "the names once, the schema once"


async def test_put_that_waits_for_its_contract_is_not_overtaken(remote: RegistryPeer, peer: Peer) -> None:
    remote.schemas["uk.co.cars.sales@LotSelected"] = [pushed(FILES["events/lot_selected.md"])]
    async with EventClient(registry(remote), endpoint_url=peer.url, bus="default") as events:
        await events.put("LotSelected", {**GOOD, "note": "0"}, key="k")
        late = [events.put("PurchaseConfirmed", {**GOOD, "note": str(n)}, key="k") for n in (1, 2)]
        await asyncio.gather(*late, events.put("LotSelected", {**GOOD, "note": "3"}, key="k"))
    assert [detail["note"] for detail in peer.accepted] == ["0", "1", "2", "3"]


def test_content_without_a_document_is_the_contract(remote: RegistryPeer) -> None:
    remote.schemas[NAME] = [json.dumps(PLAIN)]
    found = registry(remote).find("PurchaseConfirmed")
    assert (found.contract.source, found.contract.version) == ("uk.co.cars.sales", 1)
    assert found.validator.is_valid({"vin": "x"})
    assert not found.validator.is_valid({})


def test_content_of_the_whole_event_is_read_for_its_detail(remote: RegistryPeer) -> None:
    envelope = {
        "definitions": {"Purchase": PLAIN},
        "properties": {"detail": {"$ref": "#/definitions/Purchase"}, "detail-type": {"type": "string"}},
    }
    remote.schemas[NAME] = [json.dumps(envelope)]
    found = registry(remote).find("PurchaseConfirmed")
    assert found.validator.is_valid({"vin": "x"})
    assert not found.validator.is_valid({})


def test_version_of_the_document_is_found(remote: RegistryPeer) -> None:
    remote.schemas["uk.co.cars.sales@CarPriced"] = [pushed(FILES[f"events/priced_{n}.md"]) for n in (1, 2)]
    found = registry(remote)
    assert found.find("CarPriced").contract.version == 2
    assert found.find("CarPriced", version=1).validator.is_valid({"price": 1})
    with pytest.raises(NotFound, match="in version 3"):
        found.find("CarPriced", version=3)


def test_event_of_several_sources_must_be_told_apart(remote: RegistryPeer) -> None:
    remote.schemas["uk.co.cars.stock@PurchaseConfirmed"] = [json.dumps(PLAIN)]
    with pytest.raises(InvalidRequest, match=r"published by uk\.co\.cars\.sales, uk\.co\.cars\.stock"):
        registry(remote).find("PurchaseConfirmed")
    assert registry(remote).find("PurchaseConfirmed", "uk.co.cars.stock").contract.source == "uk.co.cars.stock"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("nothing", "is not JSON"),
        ("[]", "is no schema"),
        (pushed("# Nothing"), "has errors"),
        ('{"type": 5}', "can't be"),
    ],
)
def test_content_that_is_no_contract_is_told(remote: RegistryPeer, content: str, why: str) -> None:
    remote.schemas[NAME] = [content]
    with pytest.raises(InvalidRequest, match=why):
        registry(remote).find("PurchaseConfirmed")


def test_kind_that_can_not_be_checked_is_refused_by_name() -> None:
    with RegistryPeer("Avro") as remote:
        remote.schemas[NAME] = ["{}"]
        with pytest.raises(Unsupported, match="is Avro; JSONSchemaDraft4 and OpenApi3 can be checked"):
            registry(remote).find("PurchaseConfirmed")


@pytest.mark.parametrize("content", ["{}", '{"components": 5}', '{"components": {"schemas": {}}}'])
def test_openapi_without_a_component_is_told(content: str) -> None:
    with RegistryPeer("OpenApi3") as remote:
        remote.schemas[NAME] = [content]
        with pytest.raises(InvalidRequest, match="has no component that is a schema"):
            registry(remote).find("PurchaseConfirmed")


def test_openapi_of_one_component_is_of_the_detail() -> None:
    with RegistryPeer("OpenApi3") as remote:
        remote.schemas[NAME] = [json.dumps({"components": {"schemas": {"Purchase": {**PLAIN, "nullable": False}}}})]
        found = registry(remote).find("PurchaseConfirmed").validator
        assert (found.is_valid({"vin": "x"}), found.is_valid({})) == (True, False)


def test_schemas_of_a_real_registry_are_found(connect: Callable[[str], Any]) -> None:
    schemas = connect("schemas")
    schemas.create_registry(RegistryName="cars")
    text = {**json.loads(pushed(FILES["events/purchase_confirmed.md"])), "type": "object", "title": "Told"}
    schemas.create_schema(RegistryName="cars", SchemaName=NAME, Type="JSONSchemaDraft4", Content=json.dumps(text))
    discovered = {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": "CarPriced"},
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": {
                    "type": "object",
                    "properties": {
                        "detail": {"$ref": "#/components/schemas/CarPriced"},
                        "detail-type": {"type": "string"},
                    },
                },
                "CarPriced": {"type": "object", "required": ["price"], "properties": {"price": {"type": "number"}}},
            }
        },
    }
    name = "uk.co.cars.sales@CarPriced"
    schemas.create_schema(RegistryName="cars", SchemaName=name, Type="OpenApi3", Content=json.dumps(discovered))
    found = Registry("cars", schemas)
    confirmed, priced = found.find("PurchaseConfirmed").validator, found.find("CarPriced").validator
    assert (confirmed.is_valid(GOOD), confirmed.is_valid({})) == (True, False)
    assert (priced.is_valid({"price": 1}), priced.is_valid({"price": "1"}), priced.is_valid({})) == (True, False, False)
    with pytest.raises(NotFound, match="no contract for Misspelt"):
        found.find("Misspelt")


def test_registry_is_asked_again_after_a_while(remote: RegistryPeer) -> None:
    clock = ManualClock()
    found = registry(remote, refresh=60, clock=clock)
    assert found.find("PurchaseConfirmed").validator.is_valid(GOOD)
    remote.schemas[NAME].append(
        pushed(document("PurchaseConfirmed", "version: 2", '{"type": "object", "required": ["x"]}'))
    )
    remote.schemas["uk.co.cars.sales@LotSelected"] = [pushed(FILES["events/lot_selected.md"])]
    with pytest.raises(NotFound):
        found.find("LotSelected")
    asyncio.run(clock.advance(60))
    old = found.known("PurchaseConfirmed", None, None)
    assert isinstance(old, Checked), "what is known is used until the new is there"
    until(lambda: found.known("PurchaseConfirmed", None, None) is None)
    assert found.find("PurchaseConfirmed").contract.version == 2
    assert found.find("LotSelected").contract.bus == "lots"


def test_registry_that_is_gone_is_told_and_the_old_contracts_are_used(
    remote: RegistryPeer, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    found = registry(remote, refresh=0)
    events = EventClient(found, endpoint_url=peer.url)

    async def put_twice() -> None:
        await events.put("PurchaseConfirmed", GOOD)
        remote.down = True
        with caplog.at_level(logging.WARNING):
            found.refresh()
        await events.put("PurchaseConfirmed", GOOD)
        await events.close()

    asyncio.run(put_twice())
    assert len(peer.accepted) == 2
    assert events.tally.count("stale_contracts") >= 1
    assert "registry cars can't be reached" in caplog.text


def test_program_starts_from_the_disk_while_the_registry_is_gone(
    remote: RegistryPeer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "deep" / "contracts.json"
    assert registry(remote, cache=cache).find("PurchaseConfirmed")
    remote.down = True
    with caplog.at_level(logging.WARNING):
        found = registry(remote, cache=cache).find("PurchaseConfirmed", "uk.co.cars.sales")
    assert found.validator.is_valid(GOOD)
    assert "contracts of 20" in caplog.text
    with pytest.raises(TryAgain, match="The registry cars"):
        registry(remote).find("PurchaseConfirmed")


def test_disk_saves_reading_what_has_not_changed(remote: RegistryPeer, tmp_path: Path) -> None:
    cache = tmp_path / "contracts.json"
    registry(remote, cache=cache).find("PurchaseConfirmed")
    remote.asked.clear()
    registry(remote, cache=cache).find("PurchaseConfirmed")
    assert remote.asked == ["/v1/registries/name/cars/schemas"]


def test_broken_cache_is_as_good_as_none(remote: RegistryPeer, tmp_path: Path) -> None:
    cache = tmp_path / "contracts.json"
    cache.write_text("{")
    assert registry(remote, cache=cache).find("PurchaseConfirmed")
    assert json.loads(cache.read_text())["registry"] == "cars"


def test_registry_that_does_not_exist_is_told(remote: RegistryPeer) -> None:
    with pytest.raises(NotFound, match="There is no registry lorries"):
        Registry("lorries", endpoint_url=remote.url).find("PurchaseConfirmed")


def test_registry_without_a_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(InvalidRequest, match="region"):
        Registry("cars")
