"""A test sees the event that it waits for, never misses one, and is told what happened instead.

``WAITER_REPETITIONS=10000`` makes the long run."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventyard.errors import Forbidden, InvalidPattern, InvalidRequest, TryAgain
from eventyard.waiter import EventNotSeen, EventWaiter, UnexpectedEvent
from tests.acceptance.server import Server

Put = Callable[..., None]


@pytest.fixture
def put(server: Server, account: str) -> Put:
    events = server.client("events", account)

    def put(type: str, detail: dict[str, Any] | None = None, source: str = "uk.co.cars") -> None:
        entry = {"Source": source, "DetailType": type, "Detail": json.dumps(detail or {})}
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    return put


async def test_an_event_published_right_after_subscribing_comes(server: Server, account: str, put: Put) -> None:
    vrm = "AB12 CDE"
    async with EventWaiter.connect(server.url, account=account) as events:
        approved = events.subscribe("PurchaseApproved", where=lambda e: e.detail["vrm"] == vrm)
        put("PurchaseApproved", {"vrm": "XX99 XXX"})
        put("PurchaseApproved", {"vrm": vrm, "amount": 9500})
        event = await approved.next(timeout=5)
    assert event.detail == {"vrm": vrm, "amount": 9500}
    assert (event.source, event.detail_type, event.account) == ("uk.co.cars", "PurchaseApproved", account)
    assert (event.region, event.resources) == ("us-east-1", ())
    assert event.position > approved.position
    assert json.loads(event.body)["id"] == event.id


def test_the_synchronous_face_does_the_same(server: Server, account: str, put: Put) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold", detail={"car": {"vrm": "AB12 CDE"}})
        put("CarSold", {"car": {"vrm": "other"}})
        put("CarSold", {"car": {"vrm": "AB12 CDE"}})
        assert sold.next(timeout=5).detail["car"]["vrm"] == "AB12 CDE"


async def test_again_and_again_subscribe_then_publish_without_a_miss(server: Server, account: str, put: Put) -> None:
    async with EventWaiter.connect(server.url, account=account) as events:
        for number in range(int(os.environ.get("WAITER_REPETITIONS", "300"))):
            found = events.subscribe("CarSold", detail={"n": number})
            put("CarSold", {"n": number})
            assert (await found.next(timeout=10)).detail == {"n": number}
            found.close()


async def test_collect_gives_so_many_in_order(server: Server, account: str, put: Put) -> None:
    async with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe(["CarSold", "CarReturned"])
        for number, type in enumerate(["CarSold", "CarLost", "CarReturned", "CarSold"]):
            put(type, {"n": number})
        assert [event.detail["n"] for event in await sold.collect(3)] == [0, 2, 3]


async def test_none_within_passes_when_nothing_comes_and_shows_what_does(
    server: Server, account: str, put: Put
) -> None:
    async with EventWaiter.connect(server.url, account=account) as events:
        failed = events.subscribe("PaymentFailed")
        put("PaymentAttempted")
        await failed.none_within(0.2)
        put("PaymentFailed", {"reason": "stolen"})
        with pytest.raises(UnexpectedEvent, match="stolen"):
            await failed.none_within(5)


async def test_a_sequence_comes_in_its_order_with_gaps(server: Server, account: str, put: Put) -> None:
    async with EventWaiter.connect(server.url, account=account) as events:
        flow = events.subscribe()
        for type in ("LotSelected", "Noise", "PurchaseApproved", "Noise", "DeliveryScheduled"):
            put(type, {"car": 7})
        found = await flow.sequence(
            ["LotSelected", ("PurchaseApproved", lambda e: e.detail["car"] == 7), "DeliveryScheduled"]
        )
        assert [event.detail_type for event in found] == ["LotSelected", "PurchaseApproved", "DeliveryScheduled"]


async def test_a_sequence_out_of_order_says_how_far_it_came(server: Server, account: str, put: Put) -> None:
    async with EventWaiter.connect(server.url, account=account) as events:
        flow = events.subscribe()
        put("DeliveryScheduled")
        put("LotSelected")
        with pytest.raises(EventNotSeen, match=r"came up to: LotSelected\. Then no DeliveryScheduled"):
            await flow.sequence(["LotSelected", "DeliveryScheduled"], timeout=0.5)


async def test_iteration_goes_on_as_events_come(server: Server, account: str, put: Put) -> None:
    found = []
    async with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold")
        for number in range(3):
            put("CarSold", {"n": number})
        async for event in sold:
            found.append(event.detail["n"])
            if len(found) == 3:
                break
    assert found == [0, 1, 2]


async def test_subscriptions_don_t_take_each_others_events(server: Server, account: str, put: Put) -> None:
    async with EventWaiter.connect(server.url, account=account) as events:
        subscriptions = [events.subscribe("CarSold", detail={"test": number}) for number in range(50)]
        for number in range(50):
            put("CarSold", {"test": number})
        found = await asyncio.gather(*(each.next() for each in subscriptions))
    assert [event.detail["test"] for event in found] == list(range(50))


def test_nothing_is_missed_or_repeated_when_the_server_is_killed(tmp_path: Path, account: str) -> None:
    server = Server(tmp_path)
    port = server.url.rpartition(":")[2]
    try:
        with EventWaiter.connect(server.url, account=account) as events:
            sold = events.subscribe("CarSold")
            _publish(server, account, range(20))
            assert [event.detail["n"] for event in sold.collect(10)] == list(range(10))
            server.kill()
            again = threading.Thread(target=lambda: server.start(port))
            again.start()
            again.join()
            _publish(server, account, range(20, 40))
            assert [event.detail["n"] for event in sold.collect(30, timeout=15)] == list(range(10, 40))
            sold.none_within(0.3)
    finally:
        server.stop()


async def test_what_cannot_be_asked_for_is_refused_at_once(server: Server, account: str) -> None:
    async with EventWaiter.connect(server.url, account=account) as events:
        with pytest.raises(InvalidRequest, match="nowhere does not exist"):
            events.subscribe("CarSold", bus="nowhere")
        with pytest.raises(InvalidPattern):
            events.subscribe("CarSold", pattern={"source": "not a list"})
        with pytest.raises(InvalidRequest, match="say it once"):
            events.subscribe("CarSold", pattern={"detail-type": ["CarSold"]})


async def test_where_nobody_answers_the_test_is_told() -> None:
    with pytest.raises(TryAgain, match=r"No relay answers at http://127\.0\.0\.1:9"):
        async with EventWaiter.connect("http://127.0.0.1:9"):
            pass


async def test_a_waiter_that_may_not_come_in_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.acceptance.cli.test_cli import running

    keys = {"AKIAOURS": {"secret": "our-secret-of-some-length", "account": "111111111111"}}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    options = ("--port", "0", "--data", str(tmp_path / "data"), "--credentials", str(tmp_path / "keys.json"))
    with running("serve", *options) as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOURS")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-guess-of-sixteen-letters")
        with pytest.raises(Forbidden):
            async with EventWaiter.connect(url):
                pass
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "our-secret-of-some-length")
        async with EventWaiter.connect(url) as events:
            events.subscribe("CarSold")


def _publish(server: Server, account: str, numbers: range) -> None:
    events = server.client("events", account)
    entries = [{"Source": "cars", "DetailType": "CarSold", "Detail": json.dumps({"n": n})} for n in numbers]
    for at in range(0, len(entries), 10):
        assert events.put_events(Entries=entries[at : at + 10])["FailedEntryCount"] == 0


async def test_waiting_on_what_is_closed_fails_at_once(server: Server, account: str, put: Put) -> None:
    async with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold")
        waiting = asyncio.ensure_future(sold.next(timeout=60))
        await asyncio.sleep(0)
        sold.close()
        with pytest.raises(InvalidRequest, match="The subscription is closed"):
            await waiting
        with pytest.raises(InvalidRequest, match="The subscription is closed"):
            await sold.next(timeout=60)
        other = events.subscribe("CarSold")
    with pytest.raises(InvalidRequest, match="The waiter is closed"):
        await other.next(timeout=60)
    with pytest.raises(InvalidRequest, match="The waiter is closed"):
        events.subscribe("CarSold")
    events.close()
    other.close()


def test_what_came_before_closing_can_still_be_taken(server: Server, account: str, put: Put) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        sold, same = events.subscribe("CarSold"), events.subscribe("CarSold")
        put("CarSold")
        same.next(timeout=5)  # one connection, in order: it has come to the first one, too
        sold.close()
        assert sold.next(timeout=5).detail_type == "CarSold"


@pytest.mark.parametrize("url", ["nonsense", "", "http://", "ftp://127.0.0.1", "http://localhost:port", "127.0.0.1:80"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="is no URL of a server"):
        EventWaiter.connect(url)
