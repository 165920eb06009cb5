"""The outbox: events live and die with the transaction they were put in, and leave it at least once, in order."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from eventyard import ContractViolation, Outbox, SyncEventClient
from eventyard.client import Backoff, Batching
from eventyard.client.outbox import Round
from eventyard.errors import Conflict, InvalidRequest, Unsupported
from tests.acceptance.waiting import until
from tests.unit.client.contracts import GOOD, repository

from .databases import Connect, execute, rows, sqlite
from .peer import Answer, Peer, refused, taken

HASTY = Backoff(first=0.005, longest=0.01, tries=2, patience=1)


@pytest.fixture
def events(peer: Peer) -> Iterator[SyncEventClient]:
    with SyncEventClient(
        repository(), endpoint_url=peer.url, backoff=HASTY, batching=Batching(linger=0.001), unknown="allow"
    ) as events:
        yield events


@pytest.fixture
def outbox(events: SyncEventClient, database: Connect) -> Outbox:
    outbox = Outbox(events)
    connection = database()
    outbox.create(connection)
    outbox.create(connection)
    connection.close()
    execute(database, "CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    return outbox


def put(
    outbox: Outbox, database: Connect, *details: dict[str, Any], event: str = "E", key: str | None = None
) -> list[str]:
    connection = database()
    ids = [outbox.put(connection, event, detail, key=key, source="s") for detail in details]
    connection.commit()
    connection.close()
    return ids


def onces(peer: Peer) -> list[str]:
    return [e["Resources"][-1].removeprefix("urn:eventyard:once:") for request in peer.requests for e in request]


def test_event_is_published_if_its_transaction_is_and_not_if_it_is_not(
    outbox: Outbox, database: Connect, events: SyncEventClient, peer: Peer
) -> None:
    connection = database()
    connection.cursor().execute("INSERT INTO orders VALUES (1)")
    lost = outbox.put(connection, "PurchaseConfirmed", GOOD)
    connection.rollback()
    connection.cursor().execute("INSERT INTO orders VALUES (2)")
    kept = outbox.put(connection, "PurchaseConfirmed", {**GOOD, "price": 2})
    assert outbox.relay(database, events).drain() == Round(0, 0, 0), "it is not committed yet"
    connection.commit()
    assert outbox.waiting(connection) == 1
    assert outbox.relay(database, events).drain() == Round(1, 0, 0)
    assert outbox.waiting(connection) == 0
    connection.close()
    assert rows(database, "SELECT id FROM orders") == [(2,)]
    assert peer.accepted == [{**GOOD, "price": 2}]
    assert onces(peer) == [kept]
    assert lost != kept


def test_event_that_breaks_its_contract_fails_in_the_transaction(outbox: Outbox, database: Connect) -> None:
    connection = database()
    with pytest.raises(ContractViolation):
        outbox.put(connection, "PurchaseConfirmed", {})
    assert outbox.waiting(connection) == 0
    connection.close()


def test_everything_that_put_was_told_goes_along(
    outbox: Outbox, database: Connect, events: SyncEventClient, peer: Peer
) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    connection = database()
    told = {"source": "s2", "bus": "b", "resources": ["r"], "traceparent": traceparent, "once": "o-1"}
    assert outbox.put(connection, "E", {"ä": "ö"}, **told) == "o-1"  # type: ignore[arg-type]
    connection.commit()
    connection.close()
    outbox.relay(database, events).drain()
    ((entry,),) = peer.requests
    assert json.loads(entry.pop("Detail")) == {"ä": "ö"}
    assert entry.pop("TraceHeader").startswith("Root=1-4bf92f35-")
    assert entry == {
        "Source": "s2",
        "DetailType": "E",
        "EventBusName": "b",
        "Resources": ["r", "urn:eventyard:once:o-1"],
    }


def test_events_of_a_key_leave_in_order_whatever_fails(
    outbox: Outbox, database: Connect, events: SyncEventClient, peer: Peer
) -> None:
    peer.script = lambda entries: [
        refused("ThrottlingException") if (len(peer.requests) + n) % 3 == 0 else taken() for n, _ in enumerate(entries)
    ]
    connection = database()
    for n in range(30):
        outbox.put(connection, "E", {"key": n % 3, "n": n}, key=str(n % 3), source="s")
    connection.commit()
    relay = outbox.relay(database, events)
    until(lambda: relay.round(connection) and outbox.waiting(connection) == 0)
    connection.close()
    seen: defaultdict[int, list[int]] = defaultdict(list)
    for detail in peer.accepted:
        seen[detail["key"]].append(detail["n"])
    assert seen == {key: list(range(key, 30, 3)) for key in range(3)}


def test_several_relays_share_the_work_and_send_nothing_twice(
    outbox: Outbox, database: Connect, events: SyncEventClient, peer: Peer
) -> None:
    peer.script = lambda entries: time.sleep(0.01) or [taken() for _ in entries]  # type: ignore[func-returns-value]
    ids = put(outbox, database, *({"n": n} for n in range(150)))
    ids += [id for key in "abc" for id in put(outbox, database, *({"key": key, "n": n} for n in range(10)), key=key)]
    stop, counts = threading.Event(), Counter[int]()

    def work(relay: int) -> None:
        connection = database()
        while not stop.is_set():
            counts[relay] += outbox.relay(database, events, batch=10).round(connection).sent
        connection.close()

    with ThreadPoolExecutor(4) as threads:
        for n in range(4):
            threads.submit(work, n)
        try:
            until(lambda: len(peer.accepted) >= 180, 60)
        finally:
            stop.set()
    assert Counter(onces(peer)) == Counter(ids)
    assert len([n for n in counts.values() if n]) > 1, "one relay did it all"
    for key in "abc":
        assert [d["n"] for d in peer.accepted if d.get("key") == key] == list(range(10))


def test_event_that_the_server_does_not_want_stays_with_the_reason(
    outbox: Outbox, database: Connect, events: SyncEventClient, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    peer.script = lambda entries: [
        refused("NotAuthorizedForSourceException", "Not yours.") if '"n":0' in e["Detail"] else taken() for e in entries
    ]
    bad, _ = put(outbox, database, {"n": 0}, {"n": 1}, key="k")
    with caplog.at_level(logging.ERROR):
        assert outbox.relay(database, events).drain() == Round(1, 0, 1)
    connection = database()
    (found,) = outbox.refused(connection)
    assert (found.id, found.error, found.entry.detail) == (
        bad,
        "NotAuthorizedForSourceException: Not yours.",
        '{"n":0}',
    )
    assert "NotAuthorizedForSourceException" in caplog.text
    peer.script = lambda entries: [taken() for _ in entries]
    assert outbox.again(connection, bad)
    assert not outbox.again(connection, bad)
    assert outbox.relay(database, events).drain() == Round(1, 0, 0)
    assert outbox.refused(connection) == []
    connection.close()


@pytest.mark.parametrize(
    "trouble", [Answer(400, "ExpiredTokenException"), Answer(400, "AccessDeniedException"), Answer(404, "")]
)
def test_trouble_that_is_not_the_events_gives_no_event_up(
    outbox: Outbox, database: Connect, events: SyncEventClient, peer: Peer, trouble: Answer
) -> None:
    peer.script = lambda entries: trouble
    put(outbox, database, {"n": 1})
    relay = outbox.relay(database, events)
    assert relay.drain() == Round(0, 1, 0)
    assert relay.drain() == Round(0, 0, 0), "for a while it is left alone, so that others get their turn"
    connection = database()
    assert (outbox.refused(connection), outbox.waiting(connection)) == ([], 1)
    connection.close()


def test_server_that_is_down_costs_time_and_no_events(
    outbox: Outbox, database: Connect, events: SyncEventClient, peer: Peer
) -> None:
    peer.script = lambda entries: Answer(503, "ServiceUnavailable")
    put(outbox, database, *({"n": n} for n in range(3)))
    stop = threading.Event()
    running = threading.Thread(target=outbox.relay(database, events).run, args=(stop, 0.01))
    running.start()
    try:
        until(lambda: len(peer.requests) > 5)
        put(outbox, database, {"n": 3})  # nobody is kept from writing meanwhile
        peer.script = lambda entries: [taken() for _ in entries]
        until(lambda: len(peer.accepted) == 4)
    finally:
        stop.set()
        running.join()
    assert sorted(detail["n"] for detail in peer.accepted) == [0, 1, 2, 3]


def test_relay_outlives_its_database(outbox: Outbox, database: Connect, events: SyncEventClient, peer: Peer) -> None:
    put(outbox, database, {"n": 1})
    broken = iter([True, True])

    def unsteady() -> Any:
        if next(broken, False):
            raise OSError("no database")
        return database()

    stop = threading.Event()
    running = threading.Thread(target=outbox.relay(unsteady, events).run, args=(stop, 0.01))
    running.start()
    try:
        until(lambda: peer.accepted)
    finally:
        stop.set()
        running.join()


def test_relay_ends_with_its_client(outbox: Outbox, database: Connect, events: SyncEventClient) -> None:
    put(outbox, database, {"n": 1})
    relay = outbox.relay(database, events)
    events.close()
    with pytest.raises(Conflict, match="closed"):
        relay.run(threading.Event())


_CRASH = """
import os, sqlite3, sys
import psycopg
from eventyard import Outbox, SyncEventClient
from eventyard.client import Backoff
url, database = sys.argv[1:]
connect = (lambda: sqlite3.connect(database)) if "/" in database else (lambda: psycopg.connect(database))
events = SyncEventClient(unknown="allow", source="s", endpoint_url=url, backoff=Backoff(patience=0.4))
relay = Outbox(events).relay(connect, events, lease=4.0)
relay._enter = lambda *_: os._exit(9)   # between sending and marking
relay.drain()
"""


def test_relay_that_dies_after_sending_sends_again_with_the_same_id(
    outbox: Outbox,
    database: Connect,
    events: SyncEventClient,
    peer: Peer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    ids = put(outbox, database, {"n": 1}, {"n": 2})
    ids += put(outbox, database, {"n": 3}, {"n": 4}, key="k")
    is_sqlite = "sqlite" in request.node.name
    where = str(tmp_path / "shop.db") if is_sqlite else request.getfixturevalue("postgres").dsn
    command = [sys.executable, "-W", "ignore", "-c", _CRASH, peer.url, where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 9, done.stderr
    assert len(peer.accepted) == 3, "of a key, the first only"
    assert outbox.relay(database, events).drain() == Round(0, 0, 0), "the dead relay's claim is not over yet"
    sent = [0]
    until(lambda: sent.append(outbox.relay(database, events).drain().sent) or sum(sent) == 4)
    assert Counter(onces(peer)) == Counter([*ids, *ids[:3]])


def test_lease_that_ends_before_the_clients_patience_is_refused(
    outbox: Outbox, database: Connect, events: SyncEventClient
) -> None:
    with pytest.raises(InvalidRequest, match="less than twice the client's patience"):
        outbox.relay(database, events, lease=1.5)


def test_table_may_have_another_name_but_nothing_else(events: SyncEventClient, tmp_path: Path) -> None:
    database = sqlite(str(tmp_path / "shop.db"))
    outbox = Outbox(events, "letters")
    connection = database()
    outbox.create(connection)
    outbox.put(connection, "E", {}, source="s")
    connection.commit()
    assert rows(database, "SELECT count(*) FROM letters") == [(1,)]
    connection.close()
    with pytest.raises(InvalidRequest, match="not the name of a table"):
        Outbox(events, "letters; DROP TABLE orders").schema("sqlite")


def test_same_once_twice_is_refused_by_the_database(events: SyncEventClient, tmp_path: Path) -> None:
    connection = sqlite(str(tmp_path / "shop.db"))()
    outbox = Outbox(events)
    outbox.create(connection)
    outbox.put(connection, "E", {}, source="s", once="o")
    with pytest.raises(sqlite3.IntegrityError):
        outbox.put(connection, "E", {}, source="s", once="o")
    connection.close()


def test_driver_that_is_not_known_is_named(events: SyncEventClient) -> None:
    class Connection:
        def cursor(self) -> Any: ...
        def commit(self) -> Any: ...
        def rollback(self) -> Any: ...
        def close(self) -> Any: ...

    with pytest.raises(Unsupported, match=r"test_outbox is not known; sqlite3, psycopg"):
        Outbox(events).put(Connection(), "E", {}, source="s")
