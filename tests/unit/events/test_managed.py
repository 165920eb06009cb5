"""Rules that another service manages are left alone, unless the caller insists."""

from __future__ import annotations

import pytest

from eventyard.api.events import Limits, events_door
from eventyard.bus.directory import Directory
from eventyard.bus.resources import Rule
from eventyard.clock import ManualClock
from eventyard.errors import Conflict
from eventyard.names import bus_arn, rule_arn
from eventyard.stores.memory import open_memory
from eventyard.wire import Caller

CALLER = Caller("123456789012", "eu-west-1", "request", "http://127.0.0.1")


async def test_managed_rule_is_changed_only_by_force() -> None:
    directory = Directory((await open_memory()).catalog, ManualClock())
    bus = bus_arn("123456789012", "eu-west-1", "default")
    arn = rule_arn(bus, "kept")
    await directory.put_rule(
        Rule(bus=bus, name="kept", arn=arn, created=1, created_by="1", pattern="{}", managed_by="archive")
    )

    async def publish(bus: str, events: object, heads: object) -> None:
        raise AssertionError

    operations = events_door(directory, publish, ManualClock(), Limits()).operations
    for name, params in (
        ("DisableRule", {"Name": "kept"}),
        ("DeleteRule", {"Name": "kept"}),
        ("PutRule", {"Name": "kept", "ScheduleExpression": "rate(1 day)"}),
        ("PutTargets", {"Rule": "kept", "Targets": []}),
        ("RemoveTargets", {"Rule": "kept", "Ids": ["1"]}),
    ):
        with pytest.raises(Conflict) as caught:
            await operations[name](CALLER, params)
        assert caught.value.code == "ManagedRuleException"
    assert (await operations["DescribeRule"](CALLER, {"Name": "kept"}))["ManagedBy"] == "archive"
    await operations["DeleteRule"](CALLER, {"Name": "kept", "Force": True})
    assert directory.rule(bus, "kept") is None
