"""Each kind of target made, tried and delivered to by a whole server, whose event loop is not the tests' own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.outside.conftest import Yard
from tests.acceptance.waiting import until
from tests.exams.places import PLACES


@pytest.mark.parametrize("kind", PLACES)
def test_events_arrive(kind: str, yard: Yard, server_of: Callable[[str], Any]) -> None:
    place = PLACES[kind](server_of(kind))
    asyncio.run(place.prepare())
    arn = yard.target("lots", kind, **place.settings())
    events = yard.client("events")
    events.put_rule(Name="all", EventPattern='{"source": ["cars"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    ids = yard.put_all([{"number": number, "vin": "VIN1"} for number in range(10)])

    def arrived() -> list[bytes]:
        return list(asyncio.run(place.received(10)))

    until(lambda: yard.page("GET", "/lots")["deliveries"]["delivered"] == 10, 60)
    assert sorted(json.loads(payload)["id"] for payload in arrived()) == sorted(ids)
    assert yard.page("GET", "/lots")["deliveries"] == {"delivered": 10, "retry": 0, "permanent": 0}
