"""Events that break their contracts are told of, kept aside or refused, as the bus wants it; the others pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from eventyard.bus import BusFeeds, Publisher
from eventyard.clock import settle
from eventyard.event import Event, envelope, iso_seconds, new_ids
from eventyard.inspection import Head, Rejected
from eventyard.stores.memory import open_memory
from eventyard.target import QueueMessage
from eventyard.targets.letters import LetterTarget
from eventyard.validation import Rules, Validation
from eventyard.validation.quarantine import Quarantine, log_of

from ..bus.yard import BUS, Yard
from ..contract.documents import document

REGISTRY = "arn:aws:schemas:us-east-1:123456789012:registry/contracts"
SCHEMA = '{"type": "object", "required": ["vin"], "properties": {"vin": {"type": "string"}, "n": {"type": "integer"}}}'


def registered_document(schema: str = SCHEMA, version: int = 1) -> str:
    settings = f"type: CarSold\npublisher: sales\nsource: uk.co.cars\nversion: {version}"
    return json.dumps({"x-eventyard-document": document(schema, settings), "x-eventyard-atoms": {}})


class Checked:
    """A bus whose events are checked. ``schemas``: what is registered, by name."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.schemas: dict[str, Sequence[str]] = {"uk.co.cars@CarSold": (registered_document(),)}
        self.letters: list[tuple[str, QueueMessage]] = []
        feeds = BusFeeds(yard.engine)
        quarantine = Quarantine(
            Publisher(yard.store.log).append,
            feeds,
            lambda arn, letter: LetterTarget(self._send, arn, letter),
        )
        self.validation = Validation(
            yard.store.catalog, quarantine, lambda registry, name: self.schemas.get(name, ()), yard.clock
        )
        self.publisher = Publisher(yard.store.log, self.validation)

    async def _send(self, arn: str, letters: Sequence[QueueMessage]) -> None:
        self.letters += [(arn, letter) for letter in letters]

    async def publish(self, *details: dict[str, Any], type: str = "CarSold", source: str = "uk.co.cars") -> Rejected:
        return await self.publisher.publish(BUS, [self.event(detail, type, source) for detail in details])

    def event(self, detail: dict[str, Any], type: str = "CarSold", source: str = "uk.co.cars") -> Event:
        now = self.yard.clock.now()
        body = envelope(
            id=new_ids(1, now)[0],
            detail_type=type,
            source=source,
            account="123456789012",
            time=iso_seconds(now),
            region="us-east-1",
            resources=(),
            detail=json.dumps(detail).encode(),
        )
        return Event(body, now)

    async def on_bus(self, log: str = BUS) -> list[dict[str, Any]]:
        return [json.loads(event.body) for _, event in await self.yard.store.log.read(log, 0, 1000)]


@pytest.fixture
async def checked() -> Checked:
    return Checked(await Yard(await open_memory()).start())


async def test_a_bus_without_rules_takes_everything(checked: Checked) -> None:
    assert await checked.publish({"n": "wrong"}) == {}
    assert len(await checked.on_bus()) == 1


async def test_reject_names_path_and_reason_and_lets_the_others_pass(checked: Checked) -> None:
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    rejected = await checked.publish({"vin": "a"}, {"n": "wrong"}, {"vin": "b"})
    assert list(rejected) == [1]
    assert "/n: expected integer" in rejected[1]
    assert "vin is missing" in rejected[1]
    assert "uk.co.cars@CarSold, version 1" in rejected[1]
    on_bus = await checked.on_bus()
    assert [event["detail"] for event in on_bus[:2]] == [{"vin": "a"}, {"vin": "b"}]
    assert [event["detail-type"] for event in on_bus[2:]] == ["ContractViolated"]


async def test_warn_publishes_and_tells_on_the_bus(checked: Checked) -> None:
    await checked.validation.set(BUS, Rules(REGISTRY, "warn"))
    assert await checked.publish({"n": 1}) == {}
    published, notice = await checked.on_bus()
    assert published["detail"] == {"n": 1}
    assert notice["source"] == "eventyard.contracts"
    assert notice["detail"]["event_id"] == published["id"]
    assert (notice["detail"]["publisher"], notice["detail"]["action"]) == ("sales", "warn")
    assert [each["path"] for each in notice["detail"]["violations"]] == ["/vin"]


async def test_many_violations_are_told_of_once_in_a_while_with_their_number(checked: Checked) -> None:
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    await checked.publish(*[{"n": 1}] * 500)
    assert len(await checked.on_bus()) == 1
    await checked.yard.clock.advance(10)
    await checked.publish({"n": 1})
    notices = await checked.on_bus()
    assert [notice["detail"]["untold"] for notice in notices] == [0, 499]


async def test_quarantine_keeps_the_event_beside_the_bus_and_sends_it_as_it_was_to_the_queue(checked: Checked) -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:quarantine"
    await checked.validation.set(BUS, Rules(REGISTRY, "quarantine", queue=queue))
    event = checked.event({"n": "wrong"})
    assert await checked.publisher.publish(BUS, [event]) == {}
    assert [each["detail-type"] for each in await checked.on_bus()] == ["ContractViolated"]
    (held,) = await checked.on_bus(log_of(BUS))
    assert held["id"] == event.id
    await settle()
    await checked.yard.clock.advance(1)
    ((arn, letter),) = checked.letters
    assert (arn, letter.body) == (queue, event.body.decode())
    assert letter.attributes["CONTRACT"] == "uk.co.cars@CarSold"
    assert json.loads(letter.attributes["VIOLATIONS"])[0]["path"] in ("/n", "/vin")


async def test_an_event_keeps_its_contract_if_it_keeps_any_version_of_it(checked: Checked) -> None:
    newer = registered_document(SCHEMA.replace('"vin"', '"vrm"'), 2)
    checked.schemas["uk.co.cars@CarSold"] = (newer, registered_document())
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    assert await checked.publish({"vin": "a"}, {"vrm": "b"}) == {}
    assert "vrm is missing" in (await checked.publish({}))[0]


async def test_a_newer_schema_counts_from_the_next_event_on(checked: Checked) -> None:
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    assert 0 in await checked.publish({})
    checked.schemas["uk.co.cars@CarSold"] = (registered_document("{}"), registered_document())
    assert await checked.publish({}) == {}


async def test_modes_differ_by_event_and_for_the_unknown(checked: Checked) -> None:
    await checked.validation.set(BUS, Rules(REGISTRY, "reject", {"CarSold": "off"}, unknown="reject"))
    assert await checked.publish({}) == {}
    assert "There is no contract for uk.co.cars@CarLost" in (await checked.publish({}, type="CarLost"))[0]


async def test_schemas_without_documents_are_checked_too(checked: Checked) -> None:
    draft4 = {"type": "object", "properties": {"n": {"minimum": 1, "exclusiveMinimum": True}}}
    checked.schemas["uk.co.cars@CarSold"] = (json.dumps(draft4), json.dumps({}))
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    assert 0 in await checked.publish({"n": 1})
    assert await checked.publish({"n": 2}) == {}


async def test_what_discovery_found_is_checked_too(checked: Checked) -> None:
    document = {
        "openapi": "3.0.0",
        "info": {"title": "CarSold", "version": "1"},
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": {"properties": {"detail": {"$ref": "#/components/schemas/CarSold"}}},
                "CarSold": {"type": "object", "properties": {"n": {"type": "integer", "nullable": True}}},
            }
        },
    }
    checked.schemas["uk.co.cars@CarSold"] = (json.dumps(document),)
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    assert await checked.publish({"n": None}, {"n": 3}) == {}
    assert 0 in await checked.publish({"n": "three"})


async def test_a_schema_that_cannot_be_compiled_stops_nothing(checked: Checked) -> None:
    checked.schemas["uk.co.cars@CarSold"] = ("{", json.dumps({"x-eventyard-document": "# nothing"}))
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    assert await checked.publish({"n": 1}) == {}


async def test_what_somebody_has_decoded_is_not_decoded_again(checked: Checked) -> None:
    """The head is believed: where it and the body differ, which nobody else would do, the head is what is judged."""
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    heads: list[Head] = [("uk.co.cars", "CarSold", {"n": "wrong"}), ("uk.co.cars", "CarSold", {"vin": "a"})]
    events = [checked.event({"vin": "a"}), checked.event({"vin": "b"})]
    assert [*await checked.publisher.publish(BUS, events, heads)] == [0]
    assert heads == [], "no decoded detail waits for the disk"


async def test_a_contract_that_is_registered_later_counts_from_then_on(checked: Checked) -> None:
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    assert await checked.publish({}, type="CarLost") == {}
    checked.schemas["uk.co.cars@CarLost"] = (json.dumps({"type": "object", "required": ["vin"]}),)
    assert 0 in await checked.publish({}, type="CarLost")
    del checked.schemas["uk.co.cars@CarLost"]
    assert await checked.publish({}, type="CarLost") == {}


async def test_violations_are_counted_by_publisher_event_and_version(checked: Checked) -> None:
    await checked.validation.set(BUS, Rules(REGISTRY, "warn"))
    await checked.publish({"vin": "a"}, {}, {})
    ((key, count),) = checked.validation.tally.counts.items()
    assert (key.publisher, key.contract, key.version) == ("sales", "uk.co.cars@CarSold", 1)
    assert (count.checked, count.violated) == (3, 2)


async def test_rules_outlive_a_restart(checked: Checked) -> None:
    await checked.validation.set(BUS, Rules(REGISTRY, "reject"))
    again = Checked(checked.yard)
    await again.validation.load()
    assert again.validation.rules() == {BUS: Rules(REGISTRY, "reject")}
    assert 0 in await again.publish({})
