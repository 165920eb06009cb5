"""Cycles of buses: found when a rule closes one, and only then."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from eventyard.bus import Cycles, Directory
from eventyard.bus.cycles import find_cycle
from eventyard.bus.resources import DISABLED, ENABLED, Bus, Rule, TargetSpec
from eventyard.clock import ManualClock
from eventyard.names import bus_arn, rule_arn
from eventyard.stores.memory import open_memory

A, B, C, D = (bus_arn("123456789012", "us-east-1", name) for name in "abcd")


@pytest.fixture
async def directory() -> Directory:
    store = await open_memory()
    directory = Directory(store.catalog, ManualClock())
    await directory.load()
    for arn in (A, B, C, D):
        await directory.put_bus(Bus(arn=arn, name=arn[-1], created=0, modified=0))
    return directory


async def send_on(directory: Directory, bus: str, target: str) -> None:
    arn = rule_arn(bus, f"to-{target[-1]}")
    rule = Rule(bus=bus, name=f"to-{target[-1]}", arn=arn, created=0, created_by="1", pattern='{"source": ["x"]}')
    await directory.put_rule(rule)
    await directory.put_targets(bus, rule.name, [TargetSpec(id="1", arn=target)])


async def test_the_rule_that_closes_a_cycle_is_warned_of(directory: Directory) -> None:
    Cycles(directory).watch()
    with capture_logs() as logs:
        await send_on(directory, A, B)
        await send_on(directory, B, C)
        await send_on(directory, D, A)
    assert logs == []
    with capture_logs() as logs:
        await send_on(directory, C, A)
    assert [(line["log_level"], line["cycle"], line["rule"]) for line in logs] == [
        ("warning", f"{C} -> {A} -> {B} -> {C}", "to-a")
    ]


async def test_a_disabled_rule_closes_no_cycle_until_it_is_enabled(directory: Directory) -> None:
    Cycles(directory).watch()
    await send_on(directory, A, B)
    await directory.set_state(A, "to-b", DISABLED)
    with capture_logs() as logs:
        await send_on(directory, B, A)
        await directory.set_state(B, "to-a", DISABLED)
        await directory.set_state(A, "to-b", ENABLED)
    assert logs == []
    assert find_cycle(directory, A, B) is None
    with capture_logs() as logs:
        await directory.set_state(B, "to-a", ENABLED)
    assert [line["cycle"] for line in logs] == [f"{B} -> {A} -> {B}"]
