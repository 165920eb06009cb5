"""How the client sends: batches, bounds, retries, order. The other side is a real HTTP server that does as told."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from eventyard.client import Backoff, Batching, ContractViolation, Draft, EventClient, ManyFailed, SyncEventClient
from eventyard.client.entry import MOST_BYTES, Entry
from eventyard.errors import Broken, Conflict, Forbidden, InvalidRequest, TryAgain
from tests.unit.client.contracts import GOOD, repository

from .peer import Answer, Peer, refused, taken

QUICK = Backoff(first=0.01, longest=0.05, tries=6)


def client(peer: Peer, **options: Any) -> EventClient:
    options = {"unknown": "allow", "source": "s", "backoff": QUICK, **options}
    return EventClient(endpoint_url=peer.url, **options)


def names(peer: Peer) -> list[list[str]]:
    return [[entry["DetailType"] for entry in request] for request in peer.requests]


async def test_put_answers_the_id_of_the_server(peer: Peer) -> None:
    peer.script = lambda entries: [{"EventId": "e-1"}]
    async with client(peer) as events:
        assert await events.put("A", {"n": 1}, bus="cars", resources=["r"], once="o") == "e-1"
    assert peer.requests == [
        [
            {
                "Source": "s",
                "DetailType": "A",
                "Detail": '{"n":1}',
                "EventBusName": "cars",
                "Resources": ["r", "urn:eventyard:once:o"],
            }
        ]
    ]
    headers = peer.headers[0]
    assert headers["X-Amz-Target"] == "AWSEvents.PutEvents"
    assert "Credential=123456789012/" in headers["Authorization"]
    assert "/us-east-1/events/aws4_request" in headers["Authorization"]


async def test_nothing_is_sent_of_an_event_that_breaks_its_contract(peer: Peer) -> None:
    async with client(peer, contracts=repository(), source=None) as events:
        with pytest.raises(ContractViolation):
            await events.put("PurchaseConfirmed", {})
        await events.put("PurchaseConfirmed", GOOD)
    assert peer.accepted == [GOOD]


async def test_puts_made_together_go_together_ten_at_most(peer: Peer) -> None:
    async with client(peer) as events:
        await asyncio.gather(*[events.put("A", {"n": n}) for n in range(25)])
    assert sorted(len(request) for request in peer.requests) == [5, 10, 10]
    assert events.tally.count("batch_entries") == 3


async def test_lone_put_does_not_linger(peer: Peer) -> None:
    async with client(peer, batching=Batching(linger=30)) as events:
        await asyncio.wait_for(events.put("A", {}), 10)


async def test_put_lingers_for_company_while_a_request_is_under_way(peer: Peer) -> None:
    gate = threading.Event()
    peer.script = lambda entries: gate.wait(10) and [taken() for _ in entries]
    async with client(peer, batching=Batching(linger=1)) as events:
        puts = [asyncio.ensure_future(events.put("first", {}))]
        await asyncio.to_thread(peer.wait_for, 1)
        for name in ("second", "third"):
            puts.append(asyncio.ensure_future(events.put(name, {})))
            await asyncio.sleep(0.02)
        assert len(peer.requests) == 1
        await asyncio.to_thread(peer.wait_for, 2)
        gate.set()
        await asyncio.gather(*puts)
    assert names(peer) == [["first"], ["second", "third"]]


async def test_requests_hold_to_the_limit_of_bytes(peer: Peer) -> None:
    async with client(peer) as events:
        await asyncio.gather(*[events.put("A", {"text": "ä" * 100_000}) for _ in range(12)])
    sizes = [
        sum(Entry(e["Source"], e["DetailType"], e["Detail"], "").size for e in request) for request in peer.requests
    ]
    assert max(sizes) <= MOST_BYTES
    assert sorted(len(request) for request in peer.requests) == [2, 5, 5]


async def test_only_failed_entries_are_sent_again(peer: Peer) -> None:
    def script(entries: list[dict[str, Any]]) -> list[dict[str, str]]:
        first = len(peer.requests) == 1
        return [refused("ThrottlingException") if first and e["DetailType"] in "BD" else taken() for e in entries]

    peer.script = script
    async with client(peer) as events:
        ids = await events.put_many([(name, {}) for name in "ABCDE"])
    assert len(set(ids)) == 5
    assert names(peer) == [["A", "B", "C", "D", "E"], ["B", "D"]]
    assert events.tally.count("retries") == 2


@pytest.mark.parametrize(
    "trouble",
    [Answer(400, "ThrottlingException"), Answer(503, "ServiceUnavailable"), Answer(502, "", "<html>"), None],
    ids=["throttled", "unavailable", "proxy", "cut"],
)
async def test_requests_that_fail_as_a_whole_are_repeated(peer: Peer, trouble: Any) -> None:
    peer.script = lambda entries: trouble if len(peer.requests) < 3 else [taken() for _ in entries]
    async with client(peer) as events:
        assert len(await events.put_many([("A", {}), ("B", {})])) == 2
    assert names(peer) == [["A", "B"]] * 3


async def test_retries_end_with_the_last_reason(peer: Peer) -> None:
    peer.script = lambda entries: [refused("InternalFailure", "Not now.") for _ in entries]
    async with client(peer) as events:
        with pytest.raises(TryAgain, match=r"Not now\. \(tried 6 times\)") as caught:
            await events.put("A", {})
    assert caught.value.code == "InternalFailure"
    assert len(peer.requests) == 6
    assert events.tally.count("failed") == 1


async def test_patience_ends_retries_before_their_number_does(peer: Peer) -> None:
    peer.script = lambda entries: Answer(503, "ServiceUnavailable")
    began = time.monotonic()
    async with client(peer, backoff=Backoff(first=0.2, tries=1000, patience=0.5, jitter=lambda: 1.0)) as events:
        with pytest.raises(TryAgain):
            await events.put("A", {})
    assert time.monotonic() - began < 5
    assert len(peer.requests) <= 2


async def test_server_says_how_long_to_wait(peer: Peer) -> None:
    wait = Answer(429, "TooManyRequestsException", headers={"Retry-After": "1"})
    peer.script = lambda entries: wait if len(peer.requests) == 1 else [taken() for _ in entries]
    began = time.monotonic()
    async with client(peer) as events:
        await events.put("A", {})
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(
    ("code", "error"),
    [("MalformedDetail", InvalidRequest), ("NotAuthorizedForSourceException", Forbidden), ("AccessDenied", Forbidden)],
)
async def test_entry_that_is_not_wanted_raises_at_once_with_the_code(peer: Peer, code: str, error: type) -> None:
    peer.script = lambda entries: [refused(code, "Bad.") if e["DetailType"] == "B" else taken() for e in entries]
    async with client(peer) as events:
        with pytest.raises(ManyFailed, match="1 of 3 events") as caught:
            await events.put_many([(name, {}) for name in "ABC"])
        outcomes = caught.value.outcomes
        assert isinstance(outcomes[0], str)
        assert isinstance(outcomes[2], str)
        assert isinstance(outcomes[1], error)
        assert outcomes[1].code == code  # type: ignore[union-attr]
    assert len(peer.requests) == 1


async def test_bad_entry_that_fails_its_request_does_not_take_its_neighbours_down(peer: Peer) -> None:
    def script(entries: list[dict[str, Any]]) -> Any:
        bad = any(entry["DetailType"] == "bad" for entry in entries)
        return Answer(400, "ValidationException", "bad is bad") if bad else [taken() for _ in entries]

    peer.script = script
    async with client(peer) as events:
        with pytest.raises(ManyFailed) as caught:
            await events.put_many([("A", {}), ("bad", {}), ("C", {})])
    assert [isinstance(each, str) for each in caught.value.outcomes] == [True, False, True]
    assert str(caught.value.outcomes[1]) == "bad is bad"


async def test_wrong_credentials_are_told_after_one_request(peer: Peer) -> None:
    peer.script = lambda entries: Answer(400, "UnrecognizedClientException", "Who are you?")
    async with client(peer) as events:
        with pytest.raises(ManyFailed, match="2 of 2"):
            await events.put_many([("A", {}), ("B", {})])
    assert len(peer.requests) == 1


async def test_endpoint_that_is_no_eventbridge_is_told_after_one_request(peer: Peer) -> None:
    peer.script = lambda entries: Answer(404, "", "<html>")
    async with client(peer) as events:
        with pytest.raises(ManyFailed) as caught:
            await events.put_many([("A", {}), ("B", {})])
    assert [(type(each), each.code) for each in caught.value.outcomes] == [(Broken, "HTTP404")] * 2  # type: ignore[union-attr]
    assert len(peer.requests) == 1


async def test_put_many_sends_nothing_if_one_breaks_its_contract(peer: Peer) -> None:
    async with client(peer, contracts=repository(), source=None) as events:
        with pytest.raises(ManyFailed) as caught:
            await events.put_many([("PurchaseConfirmed", GOOD), Draft("PurchaseConfirmed", {"vin": "x"})])
    assert caught.value.outcomes[0] is None
    assert isinstance(caught.value.outcomes[1], ContractViolation)
    assert peer.requests == []


@pytest.mark.parametrize("seed", range(4))
async def test_events_of_one_key_never_overtake_each_other(peer: Peer, seed: int) -> None:
    dice = random.Random(seed)

    def script(entries: list[dict[str, Any]]) -> Any:
        time.sleep(dice.random() * 0.01)
        if dice.random() < 0.15:
            return Answer(503, "ServiceUnavailable")
        return [refused("ThrottlingException") if dice.random() < 0.25 else taken() for _ in entries]

    peer.script = script
    patient = Backoff(first=0.002, longest=0.01, tries=100)
    async with client(peer, backoff=patient, batching=Batching(linger=0.001, in_flight=4)) as events:
        puts = [events.put("A", {"key": n % 7, "n": n}, key=str(n % 7)) for n in range(140)]
        await asyncio.gather(*puts, *[events.put("B", {"key": "none", "n": n}) for n in range(60)])
    seen: defaultdict[Any, list[int]] = defaultdict(list)
    for detail in peer.accepted:
        seen[detail["key"]].append(detail["n"])
    for key in range(7):
        assert seen[key] == list(range(key, 140, 7))
    assert sorted(seen["none"]) == list(range(60))
    # And it was not for want of opportunity: one of a key at a time, but several requests at once.
    assert peer.most_open > 1
    assert all(len({json_key(e) for e in r if e["DetailType"] == "A"}) == _keyed(r) for r in peer.requests)


def json_key(entry: dict[str, Any]) -> str:
    return str(entry["Detail"]).partition(",")[0]


def _keyed(request: list[dict[str, Any]]) -> int:
    return sum(entry["DetailType"] == "A" for entry in request)


async def test_next_of_a_key_goes_on_after_one_that_is_refused(peer: Peer) -> None:
    peer.script = lambda entries: [refused("InvalidArgument") if e["DetailType"] == "A" else taken() for e in entries]
    async with client(peer) as events:
        first, second = await asyncio.gather(
            events.put("A", {}, key="k"), events.put("B", {}, key="k"), return_exceptions=True
        )
    assert isinstance(first, InvalidRequest)
    assert isinstance(second, str)


async def test_requests_in_flight_and_entries_waiting_are_bounded(peer: Peer) -> None:
    gate = threading.Event()
    peer.script = lambda entries: gate.wait(10) and [taken() for _ in entries]
    async with client(peer, batching=Batching(in_flight=2, waiting=50)) as events:
        puts = [asyncio.ensure_future(events.put("A", {"n": n}, traceparent=None)) for n in range(200)]
        await asyncio.to_thread(peer.wait_for, 2)
        await asyncio.sleep(0.1)
        assert len(peer.requests) == 2
        assert events._sender is not None
        assert events._sender._room._count == 50
        gate.set()
        await asyncio.gather(*puts)
    assert len(peer.accepted) == 200
    assert peer.most_open <= 2


async def test_cancelled_put_that_was_not_sent_never_is(peer: Peer) -> None:
    gate = threading.Event()
    peer.script = lambda entries: gate.wait(10) and [taken() for _ in entries]
    async with client(peer, batching=Batching(in_flight=1, linger=0)) as events:
        first = asyncio.ensure_future(events.put("first", {}))
        await asyncio.to_thread(peer.wait_for, 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(events.put("cancelled", {}, key="k"), 0.05)
        later = asyncio.ensure_future(events.put("later", {}, key="k"))
        gate.set()
        await asyncio.gather(first, later)
    assert names(peer) == [["first"], ["later"]]


async def test_cancelled_put_that_failed_is_not_sent_again(peer: Peer) -> None:
    peer.script = lambda entries: Answer(503, "ServiceUnavailable")
    async with client(peer, backoff=Backoff(first=0.3, jitter=lambda: 1.0)) as events:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(events.put("A", {}), 0.15)
    assert len(peer.requests) == 1


async def test_close_waits_for_what_was_put_and_takes_no_more(peer: Peer) -> None:
    peer.script = lambda entries: time.sleep(0.1) or [taken() for _ in entries]  # type: ignore[func-returns-value]
    events = client(peer)
    puts = [asyncio.ensure_future(events.put("A", {})) for _ in range(30)]
    await asyncio.sleep(0)
    await events.close()
    assert all(put.done() for put in puts)
    assert len({put.result() for put in puts}) == 30
    with pytest.raises(Conflict, match="closed"):
        await events.put("A", {})


async def test_close_with_a_limit_fails_what_is_left(peer: Peer) -> None:
    gate = threading.Event()
    peer.script = lambda entries: gate.wait(10) and [taken() for _ in entries]
    events = client(peer, batching=Batching(in_flight=1, waiting=5))
    puts = [asyncio.ensure_future(events.put("A", {}, key=str(n % 2))) for n in range(20)]
    await asyncio.sleep(0.1)
    await events.close(0.1)
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    gate.set()
    assert [type(each) for each in outcomes] == [TryAgain] * 20
    assert {each.code for each in outcomes if isinstance(each, TryAgain)} == {"Closed"}


async def test_flush_does_not_wait_for_the_linger(peer: Peer) -> None:
    gate = threading.Event()
    peer.script = lambda entries: gate.wait(10) and [taken() for _ in entries]
    async with client(peer, batching=Batching(linger=60)) as events:
        first = asyncio.ensure_future(events.put("first", {}))
        await asyncio.to_thread(peer.wait_for, 1)
        second = asyncio.ensure_future(events.put("second", {}))
        await asyncio.sleep(0.05)
        flushing = asyncio.ensure_future(events.flush())
        await asyncio.to_thread(peer.wait_for, 2)
        gate.set()
        await flushing
        assert first.done()
        assert second.done()


def test_one_event_loop_after_another_may_use_a_client(peer: Peer) -> None:
    events = client(peer)
    for _ in range(3):
        assert asyncio.run(events.put("A", {}))
    asyncio.run(events.close())


async def test_two_event_loops_at_once_may_not(peer: Peer) -> None:
    gate = threading.Event()
    peer.script = lambda entries: gate.wait(10) and [taken() for _ in entries]
    async with client(peer) as events:
        first = asyncio.ensure_future(events.put("A", {}))
        await asyncio.to_thread(peer.wait_for, 1)
        with pytest.raises(Conflict, match="another event loop"):
            await asyncio.to_thread(asyncio.run, events.put("B", {}))
        gate.set()
        await first


async def test_nobody_there_is_told_after_the_retries() -> None:
    events = EventClient(unknown="allow", source="s", endpoint_url="http://127.0.0.1:9", backoff=QUICK)
    with pytest.raises(TryAgain, match="tried 6 times") as caught:
        await events.put("A", {})
    assert caught.value.code == "EndpointConnectionError"
    await events.close()


def test_threads_share_the_requests_of_a_sync_client(peer: Peer) -> None:
    peer.script = lambda entries: time.sleep(0.02) or [taken() for _ in entries]  # type: ignore[func-returns-value]
    with (
        SyncEventClient(unknown="allow", source="s", endpoint_url=peer.url, batching=Batching(in_flight=2)) as events,
        ThreadPoolExecutor(40) as threads,
    ):
        ids = list(threads.map(lambda n: events.put("A", {"n": n}), range(400)))
    assert len(set(ids)) == 400
    assert len(peer.requests) < 100
    with pytest.raises(Conflict):
        events.put("A", {})
    events.close()


def test_sync_client_puts_later_and_in_order(peer: Peer) -> None:
    with SyncEventClient(unknown="allow", source="s", endpoint_url=peer.url) as events:
        futures = [events.submit(Draft("A", {"n": n}, key="k")) for n in range(20)]
        events.flush()
        assert all(future.done() for future in futures)
        with pytest.raises(InvalidRequest):
            events.put("A", {"n": float("nan")})
    assert [detail["n"] for detail in peer.accepted] == list(range(20))


def test_forked_process_needs_a_client_of_its_own(peer: Peer) -> None:
    code = f"""
import os, sys, asyncio, warnings
warnings.simplefilter("ignore")
from eventyard import EventClient, SyncEventClient
options = dict(unknown="allow", source="s", endpoint_url="{peer.url}")
events, waiting = SyncEventClient(**options), EventClient(**options)
events.put("parent", {{}})
if os.fork() == 0:
    for put in (lambda: events.put("A", {{}}), lambda: asyncio.run(waiting.put("A", {{}})), events.close):
        try:
            put()
        except Exception as error:
            assert "forked" in str(error), error
        else:
            os._exit(1)
    with SyncEventClient(**options) as own:
        own.put("child", {{}})
    os._exit(0)
assert os.wait()[1] == 0
events.put("parent", {{}})
events.close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert names(peer) == [["parent"], ["child"], ["parent"]]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_fails_or_is_cancelled_every_put_ends_and_nothing_is_left(peer: Peer, seed: int) -> None:
    dice = random.Random(seed)

    def script(entries: list[dict[str, Any]]) -> Any:
        time.sleep(dice.random() * 0.005)
        if dice.random() < 0.2:
            return dice.choice([Answer(503, "ServiceUnavailable"), Answer(400, "ValidationException"), None])
        codes = ["", "", "", "ThrottlingException", "InternalFailure", "InvalidArgument"]
        return [refused(code) if code else taken() for code in dice.choices(codes, k=len(entries))]

    async def put(n: int) -> Any:
        key = dice.choice(["a", "b", None])
        try:
            return await asyncio.wait_for(events.put("A", {"n": n}, key=key), dice.choice([0.003, 0.02, 60]))
        except (TimeoutError, TryAgain, InvalidRequest) as error:
            return error

    peer.script = script
    batching = Batching(linger=0.001, in_flight=3, waiting=20)
    events = client(peer, backoff=Backoff(first=0.001, longest=0.004, tries=4), batching=batching)
    outcomes = await asyncio.wait_for(asyncio.gather(*[put(n) for n in range(300)]), 60)
    await asyncio.wait_for(events.flush(), 10)
    sender = events._sender
    assert sender is not None
    assert sender._room.empty
    assert not sender._lanes
    assert not sender._ready
    published = {n for n, outcome in enumerate(outcomes) if isinstance(outcome, str)}
    assert published <= {detail["n"] for detail in peer.accepted}
    assert {type(outcome) for outcome in outcomes} == {str, TimeoutError, TryAgain, InvalidRequest}
    await events.close()


@pytest.mark.parametrize(
    "make",
    [lambda: Batching(in_flight=0), lambda: Batching(waiting=0), lambda: Backoff(tries=0), lambda: Backoff(patience=0)],
)
def test_settings_that_would_send_nothing_are_refused(make: Any) -> None:
    with pytest.raises(InvalidRequest):
        make()


def test_client_without_contracts_says_what_to_do() -> None:
    with pytest.raises(InvalidRequest, match='unknown="allow"'):
        EventClient()


async def test_missing_credentials_are_told(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    async with client(peer) as events:
        with pytest.raises(Forbidden, match="no AWS credentials"):
            await events.put("A", {})


def test_session_of_another_library_is_refused_by_name() -> None:
    import boto3

    with pytest.raises(InvalidRequest, match="session is one of botocore"):
        EventClient(unknown="allow", session=boto3.Session())


def test_missing_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(InvalidRequest, match="region"):
        EventClient(unknown="allow")


async def test_answer_that_is_not_eventbridges_is_told(peer: Peer) -> None:
    peer.script = lambda entries: [taken(), taken()]
    async with client(peer, backoff=Backoff(tries=1)) as events:
        with pytest.raises(TryAgain, match="answered for 2 of 1 entries"):
            await events.put("A", {})
