"""The way of a request to a webhook, on a real store of memory, under a clock of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from eventyard.clock import ManualClock
from eventyard.errors import Conflict, InvalidRequest, NotFound, TryAgain
from eventyard.event import Event
from eventyard.provider import Request
from eventyard.providers import find
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.vault import Vault
from eventyard.webhooks import Intake, Live, Taken, Webhook, Webhooks
from eventyard.webhooks import memory as remembering
from eventyard.webhooks.mapping import Place
from eventyard.webhooks.wanted import read

ACCOUNT, REGION = "123456789012", "us-east-1"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
ONE, TWO = "the first secret", "the second secret"


class World:
    """A server's webhooks and its one bus. ``fails``: what publishing raises."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = ManualClock()
        self.vault = Vault(b"k" * 32)
        self.fails: Exception | None = None
        self.rejects: Mapping[int, str] = {}
        self.gate: asyncio.Event | None = None
        self.restart()

    def restart(self) -> None:
        self.webhooks = Webhooks(
            self.store.catalog,
            self.store.log,
            self.vault,
            self.clock,
            find,
            lambda name, age, size: None,
            lambda name: None,
        )
        self.intake = Intake(self.store.log, self.publish, self.place, self.clock)

    async def publish(self, bus: str, events: Sequence[Event]) -> Mapping[int, str]:
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        kept = [event for at, event in enumerate(events) if at not in self.rejects]
        await self.store.log.append(bus, kept)
        return self.rejects

    def place(self, webhook: Webhook) -> Place:
        return Place(webhook.bus, ACCOUNT, REGION, webhook.source)

    async def put(self, name: str = "stripe", **wanted: object) -> Live:
        body = json.dumps({"provider": "stripe", "secrets": [ONE], **wanted}).encode()
        await self.webhooks.put(ACCOUNT, REGION, name, read(body), BUS)
        return self.webhooks.get(ACCOUNT, name)

    async def take(
        self, live: Live, id: str = "evt_1", secret: str = ONE, headers: Sequence[tuple[str, str]] = ()
    ) -> Taken:
        plain = Request(
            url="http://a/webhooks/stripe",
            headers=(("content-type", "application/json"), *headers),
            body=json.dumps({"id": id, "type": "charge.succeeded"}).encode(),
        )
        return await self.intake.take(live, live.provider.sign(plain, secret, self.clock.now()))

    async def published(self) -> list[dict[str, object]]:
        return [json.loads(event.body) for _, event in await self.store.log.read(BUS, 0, 1_000)]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    store = await open_memory()
    yield World(store)
    await store.close()


async def test_what_was_taken_is_known_after_a_restart(world: World) -> None:
    live = await world.put()
    assert (await world.take(live)).outcome == "accepted"
    assert (await world.take(live)).outcome == "duplicate"
    world.restart()
    await world.webhooks.load()
    live = world.webhooks.get(ACCOUNT, "stripe")
    assert (await world.take(live)).outcome == "duplicate"
    assert (await world.take(live, "evt_2")).outcome == "accepted"
    assert len(await world.published()) == 2


async def test_what_is_older_than_the_window_is_new_again(world: World) -> None:
    live = await world.put(window=3_600)
    await world.take(live)
    await world.clock.advance(3_599)
    assert (await world.take(live)).outcome == "duplicate"
    await world.clock.advance(2)
    assert (await world.take(live)).outcome == "accepted"
    world.restart()
    await world.webhooks.load()
    assert (await world.take(world.webhooks.get(ACCOUNT, "stripe"))).outcome == "duplicate"


async def test_memory_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST", 3)
    live = await world.put()
    for number in range(5):
        await world.take(live, f"evt_{number}")
    await world.clock.advance(601)
    for number in range(5, 8):
        await world.take(live, f"evt_{number}")
    assert (await world.take(live, "evt_7")).outcome == "duplicate"
    assert (await world.take(live, "evt_0")).outcome == "accepted"


async def test_what_could_still_be_replayed_is_not_forgotten_for_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time may be signed that is a tolerance in the future, and is taken until a tolerance after it."""
    monkeypatch.setattr(remembering, "MOST", 2)
    monkeypatch.setattr(remembering, "LIMIT", 4)
    live = await world.put()
    for number in range(4):
        assert (await world.take(live, f"evt_{number}")).outcome == "accepted"
    taken = await world.take(live, "evt_4")
    assert (taken.outcome, taken.after) == ("unavailable", 600)
    world.restart()
    await world.webhooks.load()
    live = world.webhooks.get(ACCOUNT, "stripe")
    assert (await world.take(live, "evt_4")).outcome == "unavailable"
    await world.clock.advance(600)
    assert (await world.take(live, "evt_0")).outcome == "duplicate"
    await world.clock.advance(0.001)
    assert (await world.take(live, "evt_4")).outcome == "accepted"


async def test_a_time_of_the_future_can_not_be_replayed_when_it_is_there(world: World) -> None:
    live = await world.put(tolerance=1_800, window=3_600)
    body = b'{"id": "evt_1", "type": "a"}'
    plain = Request(url="http://a/w", headers=(("content-type", "application/json"),), body=body)
    request = live.provider.sign(plain, ONE, world.clock.now() + 1_800_000)
    assert (await world.intake.take(live, request)).outcome == "accepted"
    await world.clock.advance(3_600)
    assert (await world.intake.take(live, request)).outcome == "duplicate"
    await world.clock.advance(1)
    assert (await world.intake.take(live, request)).reason == "stale"


async def test_two_at_once_are_one_event(world: World) -> None:
    live = await world.put()
    world.gate = asyncio.Event()
    both = [asyncio.create_task(world.take(live)) for _ in range(8)]
    await asyncio.sleep(0)
    world.gate.set()
    outcomes = sorted(taken.outcome for taken in await asyncio.gather(*both))
    assert outcomes == ["accepted", *["duplicate"] * 7]
    assert len(await world.published()) == 1


async def test_who_waits_for_another_that_fails_is_taken_instead(world: World) -> None:
    live = await world.put()
    world.gate, world.fails = asyncio.Event(), TryAgain("no room")
    first = asyncio.create_task(world.take(live))
    await asyncio.sleep(0)
    second = asyncio.create_task(world.take(live))
    await asyncio.sleep(0)
    world.gate.set()
    assert (await first).outcome == "unavailable"
    assert (await second).outcome == "unavailable", "it tried by itself"
    world.fails = None
    assert (await world.take(live)).outcome == "accepted"


async def test_what_could_not_be_published_is_not_remembered(world: World) -> None:
    live = await world.put()
    world.fails = TryAgain("the disk is full")
    taken = await world.take(live)
    assert (taken.outcome, taken.after > 0) == ("unavailable", True)
    world.fails = None
    assert (await world.take(live)).outcome == "accepted"


async def test_what_was_published_but_not_remembered_durably_does_not_come_twice(world: World) -> None:
    live = await world.put()
    append, full = world.store.log.append, True

    async def failing(log: str, events: Sequence[Event]) -> int:
        if full and log.endswith("#deliveries"):
            raise TryAgain("the disk is full")
        return await append(log, events)

    live.memory._log.append = failing  # type: ignore[method-assign]  # a store at fault
    assert (await world.take(live)).outcome == "unavailable"
    full = False
    assert (await world.take(live)).outcome == "duplicate"
    assert len(await world.published()) == 1


async def test_what_breaks_its_contract_is_told_and_not_remembered(world: World) -> None:
    live = await world.put()
    world.rejects = {0: "amount is missing"}
    taken = await world.take(live)
    assert (taken.outcome, taken.message) == ("contract", "amount is missing")
    assert live.tally.counts["contract"] == 1
    world.rejects = {}
    assert (await world.take(live)).outcome == "accepted"


async def test_the_rate_is_for_new_deliveries_of_the_sender_only(world: World) -> None:
    live = await world.put(rate=0.5, burst=2)
    for number in range(2):
        assert (await world.take(live, f"evt_{number}")).outcome == "accepted"
    for _ in range(5):
        assert (await world.take(live, "evt_9", secret=TWO)).outcome == "refused"
        assert (await world.take(live, "evt_0")).outcome == "duplicate"
    taken = await world.take(live, "evt_9")
    assert (taken.outcome, taken.after) == ("limited", 2)
    await world.clock.advance(2)
    assert (await world.take(live, "evt_9")).outcome == "accepted"
    assert live.tally.counts == {"accepted": 3, "duplicate": 5, "signature": 5, "limited": 1}


async def test_a_rotated_secret_holds_until_its_end(world: World) -> None:
    live = await world.put()
    await world.webhooks.rotate(ACCOUNT, "stripe", TWO, 60_000)
    assert (await world.take(live, "evt_1", ONE)).outcome == "accepted"
    assert (await world.take(live, "evt_2", TWO)).outcome == "accepted"
    world.restart()
    await world.webhooks.load()
    live = world.webhooks.get(ACCOUNT, "stripe")
    await world.clock.advance(59)
    assert (await world.take(live, "evt_3", ONE)).outcome == "accepted"
    await world.clock.advance(1)
    assert (await world.take(live, "evt_4", ONE)).reason == "signature"
    assert (await world.take(live, "evt_4", TWO)).outcome == "accepted"


async def test_a_secret_that_is_given_with_an_end_ends(world: World) -> None:
    end = world.clock.now() / 1000 + 60
    live = await world.put(secrets=[{"value": ONE, "expires": end}, TWO])
    assert (await world.take(live, "evt_1")).outcome == "accepted"
    await world.clock.advance(60)
    assert (await world.take(live, "evt_2")).reason == "signature"
    with pytest.raises(InvalidRequest, match="needs a secret that is valid"):
        await world.put(secrets=[{"value": ONE, "expires": end}])


async def test_secrets_are_sealed_and_stay_where_none_are_given(world: World) -> None:
    await world.put()
    (value,) = (await world.store.catalog.load("webhook")).values()
    assert ONE.encode() not in value
    body = json.dumps({"provider": "stripe", "rate": 7}).encode()
    await world.webhooks.put(ACCOUNT, REGION, "stripe", read(body), BUS)
    live = world.webhooks.get(ACCOUNT, "stripe")
    assert live.webhook.rate == 7
    assert (await world.take(live)).outcome == "accepted"
    assert ONE not in repr(live.secrets)


async def test_a_webhook_that_is_made_anew_knows_nothing(world: World) -> None:
    live = await world.put()
    await world.take(live)
    await world.webhooks.delete(ACCOUNT, "stripe")
    with pytest.raises(NotFound):
        world.webhooks.get(ACCOUNT, "stripe")
    assert (await world.take(await world.put())).outcome == "accepted"


async def test_names_are_one_for_all_accounts(world: World) -> None:
    await world.put()
    with pytest.raises(Conflict):
        await world.webhooks.put(
            "210987654321", REGION, "stripe", read(b'{"provider": "stripe", "secrets": ["another secret"]}'), BUS
        )
    with pytest.raises(NotFound):
        world.webhooks.get("210987654321", "stripe")


async def test_kept_headers_stand_in_the_resources_and_raw_requests_in_a_log(world: World) -> None:
    live = await world.put(headers=["x-kind"], archive=True)
    await world.take(live, headers=[("x-kind", "a"), ("x-other", "b"), ("authorization", "Bearer secret of others")])
    (event,) = await world.published()
    assert event["resources"] == [live.webhook.arn, "header:x-kind=a"]
    ((_, raw),) = await world.store.log.read(f"{live.webhook.arn}#raw", 0, 10)
    record = json.loads(raw.body)
    assert json.loads(record["body"])["id"] == "evt_1"
    assert record["events"] == [event["id"]]
    assert b"secret of others" not in raw.body
    assert ["x-other", "b"] in record["headers"]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"provider": "paypal"}, "There is no provider 'paypal'. There are cloudevents, github"),
        ({"options": {"tolerance": 1}}, "Provider stripe has no option 'tolerance'. It has none."),
        ({"secrets": []}, "needs a secret"),
        ({"secrets": ["short"]}, "at least 8"),
        ({"secrets": [ONE, ONE]}, "each once"),
        ({"tolerance": 86_400, "window": 3_600}, "twice the tolerance"),
        ({"rate": 0}, "rate"),
        ({"body_limit": 1 << 30}, "body_limit"),
        ({"nothing": 1}, "nothing"),
        ({"detail_type": "{kind}"}, "detail_type knows {type} only"),
        ({"source": "aws.s3"}, "AWS's own"),
        ({"partner": "stripe"}, "partner event source"),
        ({"partner": "aws.partner/stripe.com/a", "source": "x"}, "leave them out"),
        ({"headers": ["Authorization"]}, "lower case"),
        ({"headers": ["authorization"]}, "holds a secret"),
        ({"url": "hooks.example.com"}, "the whole address"),
    ],
)
async def test_a_webhook_that_can_not_be_is_refused_by_name(world: World, wanted: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await world.put(**wanted)
    assert why in refused.value.message
    assert ONE not in refused.value.message
    assert world.webhooks.all() == []


async def test_without_the_log_of_deliveries_a_restart_would_forget(world: World) -> None:
    """The control of the tests above: it is the log that makes the difference."""
    live = await world.put()
    await world.take(live)
    await world.store.log.trim(f"{live.webhook.arn}#deliveries", max_size=0)
    world.restart()
    await world.webhooks.load()
    assert (await world.take(world.webhooks.get(ACCOUNT, "stripe"))).outcome == "accepted"


async def test_what_could_not_be_archived_is_not_published(world: World) -> None:
    live = await world.put(archive=True)
    append, full = world.store.log.append, True

    async def failing(log: str, events: Sequence[Event]) -> int:
        if full and log.endswith("#raw"):
            raise TryAgain("the disk is full")
        return await append(log, events)

    world.store.log.append = failing  # type: ignore[method-assign]  # a store at fault
    assert (await world.take(live)).outcome == "unavailable"
    full = False
    assert (await world.take(live)).outcome == "accepted"
    assert len(await world.published()) == 1
