"""Targets outside on a memory store: what survives, what is closed when, and how bad plug-ins are met."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.metadata import EntryPoint

import msgspec
import pytest

from eventyard.clock import ManualClock
from eventyard.errors import Broken, InvalidRequest, NotFound
from eventyard.outside import Kinds, Outside, OutsideTarget
from eventyard.plugin import OpenTarget, Surroundings, TargetKind
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry
from eventyard.vault import Vault

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:target/t"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r"


class Nowhere:
    async def addresses(self, host: str, port: int) -> Sequence[str]:
        raise OSError("nowhere")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    word: str | None = None
    colour: str = ""


class Spy:
    """A target that holds deliveries until it is let go, and notes what happens to it."""

    batch_size = 7
    place = None

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        self.settings = settings
        self.delivered = 0
        self.closed = 0
        self.go = asyncio.Event()
        self.go.set()
        self.raises: Exception | None = None

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        await self.go.wait()
        if self.raises is not None:
            raise self.raises
        assert not self.closed
        self.delivered += len(batch)
        return [DELIVERED] * len(batch)

    async def close(self) -> None:
        self.closed += 1


class Yard:
    def __init__(self, store: Store, vault: Vault) -> None:
        self.store = store
        self.vault = vault
        self.spies: list[Spy] = []
        kind = TargetKind("spy", Settings, self._open, frozenset({"word"}), unguarded=frozenset({"colour"}))
        around = Surroundings(Nowhere(), ManualClock(), 1)
        self.outside = Outside(store.catalog, vault, around.clock, Kinds({"spy": kind}), around)
        self.target = OutsideTarget(self.outside, ARN)

    def _open(self, settings: Settings, around: Surroundings) -> OpenTarget:
        self.spies.append(Spy(settings, around))
        return self.spies[-1]

    async def put(self, **settings: object) -> None:
        await self.outside.put(ACCOUNT, REGION, "t", "spy", settings)

    async def deliver(self, rule: str = RULE) -> Outcome:
        return (await self.target.deliver([Delivery("id", b"{}", rule=rule)]))[0]


@pytest.fixture
async def yard() -> Yard:
    return Yard(await open_memory(), Vault(b"k" * 32))


async def test_a_target_survives_a_restart_with_its_credentials(yard: Yard) -> None:
    await yard.put(name="one", word="hush")
    again = Yard(yard.store, yard.vault)
    await again.outside.load()
    assert await again.deliver() == DELIVERED
    assert again.spies[-1].settings == Settings(name="one", word="hush")
    assert again.target.batch_size == 7


async def test_with_another_key_deliveries_wait_and_credentials_can_be_given_anew(yard: Yard) -> None:
    await yard.put(name="one", word="hush")
    other = Yard(yard.store, Vault(b"o" * 32))
    await other.outside.load()
    outcome = await other.deliver()
    assert isinstance(outcome, Retry)
    assert outcome.code == "NO_AUTHORIZATION"
    await other.put(name="one", word="loud")
    assert await other.deliver() == DELIVERED


async def test_credentials_are_not_handed_to_whoever_the_target_is_changed_to(yard: Yard) -> None:
    await yard.put(name="one", word="hush", colour="red")
    await yard.put(name="one", colour="blue")
    assert yard.spies[-1].settings == Settings(name="one", word="hush", colour="blue")
    for given in ({}, {"word": "***"}, {"colour": "red"}):
        with pytest.raises(InvalidRequest, match="word must be given again, or null: name is not what it was"):
            await yard.put(name="two", **given)
    assert yard.outside.get(ARN).shown == {"name": "one", "colour": "blue"}
    await yard.put(name="two", word=None)
    assert yard.spies[-1].settings == Settings(name="two")
    await yard.put(name="one", word="hush")
    await yard.put(name="two", word="loud")
    assert yard.spies[-1].settings == Settings(name="two", word="loud")


async def test_credentials_that_can_not_be_opened_are_not_dropped_without_a_word(yard: Yard) -> None:
    await yard.put(name="one", word="hush")
    other = Yard(yard.store, Vault(b"o" * 32))
    await other.outside.load()
    with pytest.raises(InvalidRequest, match="word must be given again, or null"):
        await other.put(name="one")


async def test_a_change_counts_at_once_and_the_old_is_closed_when_its_deliveries_are_done(yard: Yard) -> None:
    await yard.put(name="one")
    assert await yard.deliver() == DELIVERED
    old = yard.spies[-1]
    old.go.clear()
    under_way = asyncio.ensure_future(yard.deliver())
    await asyncio.sleep(0)
    await yard.put(name="two")
    assert await yard.deliver() == DELIVERED
    assert yard.spies[-1].settings.name == "two"
    assert old.closed == 0
    old.go.set()
    assert await under_way == DELIVERED
    await asyncio.sleep(0)
    assert old.closed == 1
    await yard.outside.close()
    assert [spy.closed for spy in yard.spies] == [1] * len(yard.spies)


async def test_a_deleted_target_says_so(yard: Yard) -> None:
    await yard.put(name="one")
    await yard.outside.delete(ARN)
    outcome = await yard.deliver()
    assert isinstance(outcome, Permanent)
    assert outcome.code == "NO_RESOURCE"
    with pytest.raises(NotFound):
        await yard.outside.delete(ARN)


async def test_other_accounts_rules_are_refused_alone(yard: Yard) -> None:
    await yard.put(name="one")
    stranger = Delivery("id", b"{}", rule=RULE.replace(ACCOUNT, "999999999999"))
    own = Delivery("id", b"{}", rule=RULE)
    outcomes = await yard.target.deliver([own, stranger, own])
    assert outcomes[0] == outcomes[2] == DELIVERED
    assert isinstance(outcomes[1], Permanent)
    assert yard.spies[-1].delivered == 2


async def test_whatever_a_plug_in_raises_is_tried_again_without_its_words(yard: Yard) -> None:
    await yard.put(name="one")
    assert await yard.deliver() == DELIVERED
    yard.spies[-1].raises = RuntimeError("amqp://anna:hush@host")
    outcome = await yard.deliver()
    assert outcome == Retry("CONNECTION_FAILURE", f"{ARN} can't be delivered to: RuntimeError.")
    assert yard.outside.counts == {(ARN, "delivered"): 1, (ARN, "retry"): 1}


async def test_a_plug_in_that_hangs_is_left(yard: Yard) -> None:
    await yard.put(name="one")
    assert await yard.deliver() == DELIVERED
    yard.spies[-1].go.clear()
    outcome = await yard.deliver()
    assert isinstance(outcome, Retry)
    assert outcome.code == "TIMEOUT"


def _point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "eventyard.targets")


def test_plug_ins_that_can_not_be_loaded_are_named() -> None:
    kinds = Kinds({}, [_point("gone", "no_such_module_here:KIND"), _point("odd", "json:dumps")])
    assert kinds.names() == ["gone", "odd"]
    with pytest.raises(InvalidRequest, match="The kind of target gone of package no_such_module_here:KIND can't be"):
        kinds.find("gone")
    with pytest.raises(
        InvalidRequest, match=r"The entry point odd of eventyard\.targets in package .* is no TargetKind"
    ):
        kinds.find("odd")
    assert not kinds.is_remote("gone")


def test_a_plug_in_can_not_take_the_name_of_another() -> None:
    own = TargetKind("spy", Settings, Spy)
    kinds = Kinds({"spy": own}, [_point("spy", "json:dumps")])
    assert kinds.find("spy") is own


async def test_a_broken_seal_is_told_as_such(yard: Yard) -> None:
    await yard.put(name="one", word="hush")
    named = yard.outside.get(ARN)
    with pytest.raises(Broken):
        yard.vault.unseal("another label", named.sealed)
