"""The directory: what survives a restart, who is told, and what changes at the same time do to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter

import pytest

from eventyard.bus.directory import Directory
from eventyard.bus.resources import DISABLED, Bus, Rule, TargetSpec
from eventyard.clock import ManualClock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, TryAgain
from eventyard.names import rule_arn
from eventyard.store import Catalog, Change
from eventyard.stores.memory import open_memory

HEAD = "arn:aws:events:eu-west-1:123456789012:event-bus/"
DEFAULT, ORDERS = HEAD + "default", HEAD + "orders"


def a_bus(arn: str = ORDERS) -> Bus:
    return Bus(arn=arn, name=arn.removeprefix(HEAD), created=1, modified=1)


def a_rule(name: str, bus: str = ORDERS, **more: str) -> Rule:
    arn = rule_arn(bus, name)
    return Rule(bus=bus, name=name, arn=arn, created=1, created_by="123456789012", pattern='{"source":["a"]}', **more)


async def opened(catalog: Catalog) -> Directory:
    directory = Directory(catalog, ManualClock())
    await directory.load()
    return directory


async def test_everything_survives_a_restart() -> None:
    catalog = (await open_memory()).catalog
    before = await opened(catalog)
    await before.put_bus(a_bus())
    await before.put_rule(a_rule("one"))
    await before.put_rule(a_rule("two", DEFAULT))
    spec = TargetSpec(id="q", arn="arn:aws:sqs:eu-west-1:123456789012:q", input_paths={"a": "$.detail"}, max_age=60)
    await before.put_targets(ORDERS, "one", [spec])
    await before.set_state(ORDERS, "one", DISABLED)
    await before.tag(rule_arn(ORDERS, "one"), {"team": "blue"})
    await before.tag(DEFAULT, {"team": "red"})
    after = await opened(catalog)
    assert after.bus(ORDERS) == before.bus(ORDERS)
    assert after.bus(DEFAULT) == before.bus(DEFAULT)
    assert after.tags(DEFAULT) == {"team": "red"}
    rule = after.rule(ORDERS, "one")
    assert rule is not None
    assert (rule.enabled, rule.tags) == (False, {"team": "blue"})
    assert after.targets(ORDERS, "one") == [spec]
    assert {rule.name for rule in after.all_rules()} == {"one", "two"}
    assert [rule.name for rule in after.rules_for_target(ORDERS, spec.arn)] == ["one"]


async def test_each_account_and_region_has_its_default_bus() -> None:
    directory = await opened((await open_memory()).catalog)
    assert [bus.name for bus in directory.buses("999999999999", "us-east-1")] == ["default"]
    assert directory.has_bus("arn:aws:events:us-east-1:999999999999:event-bus/default")
    assert not directory.has_bus(ORDERS)


async def test_replaced_rule_keeps_targets_tags_and_birth() -> None:
    directory = await opened((await open_memory()).catalog)
    await directory.put_rule(a_rule("one", DEFAULT))
    await directory.tag(rule_arn(DEFAULT, "one"), {"a": "b"})
    await directory.put_targets(DEFAULT, "one", [TargetSpec(id="1", arn="arn:aws:sqs:::q")])
    await directory.put_rule(
        Rule(bus=DEFAULT, name="one", arn=rule_arn(DEFAULT, "one"), created=9, created_by="9", schedule="rate(1 day)")
    )
    rule = directory.rule(DEFAULT, "one")
    assert rule is not None
    assert (rule.created, rule.created_by, rule.pattern, rule.tags) == (1, "123456789012", None, {"a": "b"})
    assert len(directory.targets(DEFAULT, "one")) == 1


async def test_listener_hears_of_every_change_after_it_is_visible() -> None:
    directory = await opened((await open_memory()).catalog)
    heard: list[tuple[str, bool, int]] = []
    directory.listen(
        lambda bus, name: heard.append((name, directory.rule(bus, name) is not None, len(directory.targets(bus, name))))
    )
    await directory.put_rule(a_rule("one", DEFAULT))
    await directory.put_targets(DEFAULT, "one", [TargetSpec(id="1", arn="arn:aws:sqs:::q")])
    await directory.remove_targets(DEFAULT, "one", ["1", "absent"])
    await directory.delete_rule(DEFAULT, "one")
    await directory.delete_rule(DEFAULT, "one")
    assert heard == [("one", True, 0), ("one", True, 1), ("one", True, 0), ("one", False, 0)]


async def test_refusals() -> None:
    directory = await opened((await open_memory()).catalog)
    with pytest.raises(NotFound, match=r"^Event bus orders does not exist\.$"):
        await directory.put_rule(a_rule("one"))
    await directory.put_bus(a_bus())
    with pytest.raises(Conflict):
        await directory.put_bus(a_bus())
    with pytest.raises(NotFound, match=r"^Rule one does not exist on EventBus orders\.$"):
        await directory.put_targets(ORDERS, "one", [])
    await directory.put_rule(a_rule("one"))
    with pytest.raises(InvalidRequest, match="since it has rules"):
        await directory.delete_bus(ORDERS)
    with pytest.raises(LimitExceeded):
        await directory.put_rule(a_rule("two"), most=1)
    specs = [TargetSpec(id=str(n), arn="arn:aws:sqs:::q") for n in range(6)]
    with pytest.raises(LimitExceeded):
        await directory.put_targets(ORDERS, "one", specs, most=5)
    assert directory.targets(ORDERS, "one") == []
    with pytest.raises(InvalidRequest):
        await directory.delete_bus(DEFAULT)
    await directory.delete_rule(ORDERS, "one")
    await directory.delete_bus(ORDERS)
    await directory.delete_bus(ORDERS)
    assert not directory.has_bus(ORDERS)


class SlowCatalog:
    """A catalog whose writes take a moment, or fail."""

    def __init__(self) -> None:
        self.failing = False

    async def load(self, kind: str) -> dict[str, bytes]:
        return {}

    async def apply(self, changes: Sequence[Change]) -> None:
        await asyncio.sleep(0.001)
        if self.failing:
            raise TryAgain("The disk is full.")


async def test_simultaneous_changes_of_one_rule_all_count() -> None:
    directory = await opened(SlowCatalog())
    await directory.put_rule(a_rule("one", DEFAULT))
    specs = [TargetSpec(id=str(n), arn="arn:aws:sqs:::q") for n in range(20)]
    await asyncio.gather(*(directory.put_targets(DEFAULT, "one", [spec]) for spec in specs))
    assert len(directory.targets(DEFAULT, "one")) == 20


async def test_simultaneous_creations_keep_the_limit() -> None:
    directory = await opened(SlowCatalog())
    puts = (directory.put_rule(a_rule(f"r{n}", DEFAULT), most=10) for n in range(30))
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert sum(isinstance(outcome, LimitExceeded) for outcome in outcomes) == 20
    assert len(directory.rules(DEFAULT)) == 10


async def test_bus_is_not_deleted_under_a_rule_being_created() -> None:
    directory = await opened(SlowCatalog())
    await directory.put_bus(a_bus())
    outcomes = await asyncio.gather(
        directory.put_rule(a_rule("one")), directory.delete_bus(ORDERS), return_exceptions=True
    )
    assert isinstance(outcomes[1], InvalidRequest)
    await directory.delete_rule(ORDERS, "one")
    outcomes = await asyncio.gather(
        directory.delete_bus(ORDERS), directory.put_rule(a_rule("one")), return_exceptions=True
    )
    assert isinstance(outcomes[1], Conflict)
    assert list(directory.all_rules()) == []


async def test_change_that_was_not_written_is_not_seen() -> None:
    catalog = SlowCatalog()
    directory = await opened(catalog)
    await directory.put_rule(a_rule("one", DEFAULT))
    heard: list[str] = []
    directory.listen(lambda bus, name: heard.append(name))
    catalog.failing = True
    with pytest.raises(TryAgain):
        await directory.set_state(DEFAULT, "one", DISABLED)
    rule = directory.rule(DEFAULT, "one")
    assert rule is not None
    assert rule.enabled
    assert heard == []


async def test_ten_thousand_rules_load_and_change_quickly() -> None:
    catalog = (await open_memory()).catalog
    directory = await opened(catalog)
    started = perf_counter()
    for n in range(10_000):
        await directory.put_rule(a_rule(f"rule-{n}", DEFAULT))
    after = await opened(catalog)
    assert perf_counter() - started < 5
    assert len(after.rules(DEFAULT)) == 10_000
