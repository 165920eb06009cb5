"""What each kind of target does besides what all of them must: TLS, credentials, what it refuses and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest

from eventyard.clock import SystemClock
from eventyard.exams.target import deliveries
from eventyard.plugin import Surroundings, TargetKind
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry
from eventyard.targets import amqp, kafka, nats, postgresql, redis
from eventyard.targets.http import Guard, parse_networks
from tests.exams.places import opened, surroundings
from tests.servers import Kafka, Nats, Postgresql, Rabbitmq, Redis, Server
from tests.servers.certificate import NAMES

NAME = NAMES[0]


async def said(
    kind: TargetKind, settings: dict[str, Any], batch: Sequence[Delivery], around: Surroundings | None = None
) -> list[Outcome]:
    """What a target with ``settings`` answers to one batch."""
    target = opened(kind, settings, around or surroundings(5))
    try:
        return list(await target.deliver(batch))
    finally:
        await target.close()


def named(seconds: float = 5) -> Surroundings:
    """Where NAME is this machine, and nothing else has an address."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == NAME else []

    clock = SystemClock()
    return Surroundings(Guard(clock, parse_networks(["127.0.0.0/8"]), resolve), clock, seconds)


@pytest.fixture
def redis_server(server_of: Callable[[str], Any]) -> Redis:
    found: Redis = server_of("redis")
    return found


@pytest.fixture
def postgres(server_of: Callable[[str], Any]) -> Postgresql:
    found: Postgresql = server_of("postgresql")
    return found


@pytest.fixture
def rabbit(server_of: Callable[[str], Any]) -> Rabbitmq:
    found: Rabbitmq = server_of("amqp")
    return found


@pytest.fixture
def nats_server(server_of: Callable[[str], Any]) -> Nats:
    found: Nats = server_of("nats")
    return found


@pytest.fixture
def kafka_server(server_of: Callable[[str], Any]) -> Kafka:
    found: Kafka = server_of("kafka")
    return found


@pytest.fixture(scope="module")
def strict_nats() -> Iterator[Nats]:
    if reason := Nats.missing():
        pytest.skip(reason)
    server = Nats(tls=True)
    yield server
    server.stop()


# --- TLS and credentials ---------------------------------------------------------------------------------------------


def secured(kind: str, server: Server) -> tuple[TargetKind, dict[str, Any]]:
    """A target that speaks TLS to NAME, whose certificate it knows."""
    at = f"{NAME}:{server.tls_port}"
    return {
        "redis": (redis.KIND, {"url": f"rediss://{at}", "stream": "secured", "password": "secret word"}),
        "amqp": (amqp.KIND, {"url": f"amqps://{at}", "exchange": "", "routing_key": "secured"}),
        "nats": (
            nats.KIND,
            {"url": f"tls://{at}", "subject": "s", "jetstream": False, "user": "anna", "password": "secret word"},
        ),
        "postgresql": (
            postgresql.KIND,
            {
                "url": f"postgresql://{NAME}:{server.port}/postgres",
                "table": "secured",
                "user": "test",
                "password": "secret word",
                "sslmode": "verify-full",
            },
        ),
    }[kind]


@pytest.mark.parametrize("kind", ["redis", "amqp", "nats", "postgresql"])
async def test_tls_goes_to_the_judged_address_and_holds_the_certificate_to_the_name(
    kind: str, server_of: Callable[[str], Any], strict_nats: Nats
) -> None:
    server = strict_nats if kind == "nats" else server_of(kind)
    if kind == "amqp":
        await server.declare("secured")
    if kind == "postgresql":
        await asyncio.to_thread(
            server.ask, "CREATE TABLE IF NOT EXISTS secured (event_id uuid PRIMARY KEY, event jsonb)"
        )
    of, settings = secured(kind, server)
    assert await said(of, {**settings, "ca": server.ca}, deliveries(1), named()) == [DELIVERED]
    [unknown] = await said(of, settings, deliveries(1), named())
    assert isinstance(unknown, Retry), "a certificate of nobody that the system knows"
    other = {**settings, "url": settings["url"].replace(NAME, "127.0.0.1"), "ca": server.ca}
    [wrong] = await said(of, other, deliveries(1))
    assert isinstance(wrong, Retry), "a certificate for another name"


@pytest.mark.parametrize("kind", ["redis", "amqp", "nats", "postgresql"])
async def test_wrong_credentials_are_tried_again_and_not_told(
    kind: str, server_of: Callable[[str], Any], strict_nats: Nats
) -> None:
    server = strict_nats if kind == "nats" else server_of(kind)
    of, settings = secured(kind, server)
    wrong = {**settings, "password": "not the word", "ca": server.ca}
    [outcome] = await said(of, wrong | ({"user": "anna"} if kind == "amqp" else {}), deliveries(1), named())
    assert isinstance(outcome, Retry)
    assert outcome.code == "NO_AUTHORIZATION"
    assert "not the word" not in outcome.message


@pytest.mark.parametrize(
    ("of", "settings"),
    [
        (redis.KIND, {"url": "redis://10.0.0.1", "stream": "s"}),
        (amqp.KIND, {"url": "amqp://10.0.0.1", "exchange": "", "routing_key": "k"}),
        (nats.KIND, {"url": "nats://10.0.0.1", "subject": "s"}),
        (postgresql.KIND, {"url": "postgresql://10.0.0.1/d", "table": "t", "user": "u"}),
        (kafka.KIND, {"brokers": ["10.0.0.1:9092"], "topic": "t"}),
    ],
    ids=["redis", "amqp", "nats", "postgresql", "kafka"],
)
async def test_private_addresses_are_not_called(of: TargetKind, settings: dict[str, Any]) -> None:
    [outcome] = await said(of, settings, deliveries(1))
    assert isinstance(outcome, Permanent)
    assert outcome.code == "NO_PERMISSIONS"
    assert "10.0.0.1 is not a public address" in outcome.message


async def test_brokers_that_a_cluster_names_are_judged_too(kafka_server: Kafka) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34"] if host == "localhost" else [host]

    clock = SystemClock()
    around = Surroundings(Guard(clock, (), resolve), clock, 5)
    settings = {"brokers": [f"localhost:{kafka_server.port}"], "topic": "t", "idempotent": False}
    [outcome] = await said(kafka.KIND, settings, deliveries(1), around)
    assert isinstance(outcome, Permanent)
    assert "127.0.0.1 is not a public address" in outcome.message


# --- what is refused, and why ----------------------------------------------------------------------------------------


def table(postgres: Postgresql, **more: Any) -> dict[str, Any]:
    return {"url": postgres.url, "user": "test", "password": "secret word", **more}


async def test_a_table_must_know_its_rows(postgres: Postgresql) -> None:
    await asyncio.to_thread(postgres.ask, "CREATE TABLE loose (event_id uuid, event jsonb)")
    [outcome] = await said(postgresql.KIND, table(postgres, table="loose"), deliveries(1))
    assert isinstance(outcome, Permanent)
    assert outcome.message == "Table loose needs a unique index on (event_id), or a row could be there twice."


@pytest.mark.parametrize(
    ("name", "code"),
    [("public.missing", "NO_RESOURCE"), ("nowhere.lots", "NO_RESOURCE"), ("pg_class", "SDK_CLIENT_ERROR")],
)
async def test_a_table_that_can_not_take_rows(postgres: Postgresql, name: str, code: str) -> None:
    [outcome] = await said(postgresql.KIND, table(postgres, table=name), deliveries(1))
    assert isinstance(outcome, Permanent)
    assert outcome.code == code


async def test_columns_take_the_types_that_they_have(postgres: Postgresql) -> None:
    statement = (
        "CREATE TABLE typed (id uuid, rule text, price numeric, vin text, at timestamptz, sold boolean, tags jsonb,"
        " PRIMARY KEY (id, rule))"
    )
    await asyncio.to_thread(postgres.ask, statement)
    columns = {
        "id": "id",
        "rule": "rule",
        "price": "$.detail.number",
        "vin": "$.detail.vin",
        "at": "$.time",
        "sold": "$.detail.sold",
        "tags": "$.resources",
    }
    settings = table(postgres, table="typed", columns=columns, key=["id", "rule"])
    [item] = deliveries(1)
    other = msgspec.structs.replace(item, rule="another")
    assert await said(postgresql.KIND, settings, [item, other, item]) == [DELIVERED] * 3
    rows = await asyncio.to_thread(postgres.ask, "SELECT id::text, price, vin, at::text, sold, tags::text FROM typed")
    assert rows == [(item.event_id, 0, "VIN00000", "2026-11-24 00:00:00+00", None, "[]")] * 2


async def test_rows_that_break_a_constraint_are_refused_alone(postgres: Postgresql) -> None:
    await asyncio.to_thread(
        postgres.ask, "CREATE TABLE small (event_id uuid PRIMARY KEY, number int CHECK (number <> 1))"
    )
    settings = table(postgres, table="small", columns={"event_id": "id", "number": "$.detail.number"})
    outcomes = await said(postgresql.KIND, settings, deliveries(3))
    assert outcomes[0] == outcomes[2] == DELIVERED
    assert isinstance(outcomes[1], Permanent)
    assert "violates check constraint" in outcomes[1].message


async def test_the_servers_own_password_is_not_used(
    postgres: Postgresql, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "pgpass"
    own.write_text("*:*:*:*:secret word\n")
    own.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(own))
    monkeypatch.setenv("PGPASSWORD", "secret word")
    settings = {"url": postgres.url, "table": "t", "user": "test"}
    [outcome] = await said(postgresql.KIND, settings, deliveries(1))
    assert isinstance(outcome, Retry)
    assert outcome.code == "NO_AUTHORIZATION"


async def test_a_key_that_is_no_stream(redis_server: Redis) -> None:
    await redis_server.ask("SET", "text", "x")
    settings = {"url": redis_server.url, "password": "secret word", "stream": "text"}
    [outcome] = await said(redis.KIND, settings, deliveries(1))
    assert outcome == Permanent("NO_RESOURCE", "The key holds something that is no stream.")
    await redis_server.ask("DEL", "text")
    assert await said(redis.KIND, settings, deliveries(1)) == [DELIVERED]


async def test_a_stream_is_held_to_its_length(redis_server: Redis) -> None:
    settings = {"url": redis_server.url, "password": "secret word", "stream": "short", "max_length": 100}
    for _ in range(5):
        assert await said(redis.KIND, settings, deliveries(100)) == [DELIVERED] * 100
    length = await redis_server.ask("XLEN", "short")
    assert isinstance(length, int)
    assert 100 <= length < 300


async def test_a_redis_without_room_is_tried_again(redis_server: Redis) -> None:
    settings = {"url": redis_server.url, "password": "secret word", "stream": "full"}
    await redis_server.ask("CONFIG", "SET", "maxmemory", "1")
    [outcome] = await said(redis.KIND, settings, deliveries(1))
    await redis_server.ask("CONFIG", "SET", "maxmemory", "0")
    assert isinstance(outcome, Retry)
    assert outcome.code == "SERVER_ERROR"
    assert await said(redis.KIND, settings, deliveries(1)) == [DELIVERED]


async def test_an_exchange_that_is_missing(rabbit: Rabbitmq) -> None:
    settings = {"url": rabbit.url, "exchange": "nowhere", "routing_key": "k"}
    outcomes = await said(amqp.KIND, settings, deliveries(2))
    assert outcomes == [Permanent("NO_RESOURCE", "There is no exchange 'nowhere'.")] * 2


async def test_what_no_queue_wants_is_refused_only_if_it_must_be_wanted(rabbit: Rabbitmq) -> None:
    settings = {"url": rabbit.url, "exchange": "amq.topic", "routing_key": "nobody.<$.detail.vin>"}
    [outcome] = await said(amqp.KIND, settings, deliveries(1))
    assert isinstance(outcome, Permanent)
    assert outcome.code == "UNROUTABLE"
    assert await said(amqp.KIND, {**settings, "mandatory": False}, deliveries(1)) == [DELIVERED]


async def test_messages_are_persistent_and_say_their_event(rabbit: Rabbitmq) -> None:
    await rabbit.declare("looked")
    [item] = deliveries(1)
    item = msgspec.structs.replace(item, trace="Root=1-2")
    settings = {"url": rabbit.url, "exchange": "", "routing_key": "looked"}
    assert await said(amqp.KIND, settings, [item]) == [DELIVERED]
    [message] = await rabbit.messages("looked")
    properties = message.header.properties
    assert properties.delivery_mode == 2
    assert properties.headers == {"event-id": item.event_id, "x-amzn-trace-id": "Root=1-2"}


async def test_a_subject_without_a_stream_is_tried_again(nats_server: Nats) -> None:
    [outcome] = await said(nats.KIND, {"url": nats_server.url, "subject": "nobody.listens"}, deliveries(1))
    assert isinstance(outcome, Retry)
    assert outcome.code == "NO_RESOURCE"


async def test_an_event_can_not_make_a_subject_of_wildcards(nats_server: Nats) -> None:
    [item] = deliveries(1)
    item = msgspec.structs.replace(item, event=item.event.replace(b"VIN00000", b"*"))
    settings = {"url": nats_server.url, "subject": "lots.<$.detail.vin>", "jetstream": False}
    [outcome] = await said(nats.KIND, settings, [item])
    assert isinstance(outcome, Permanent)


async def test_plain_nats_reaches_who_listens(nats_server: Nats) -> None:
    import nats as library

    client = await library.connect(nats_server.url)
    heard = await client.subscribe("plain.*")
    await client.flush()
    settings = {"url": nats_server.url, "subject": "plain.<$.source>", "jetstream": False}
    [item] = deliveries(1)
    dots = msgspec.structs.replace(item, event=item.event.replace(b"uk.co.cazoo", b"cars"))
    assert await said(nats.KIND, settings, [dots]) == [DELIVERED]
    message = await heard.next_msg(timeout=5)
    assert (message.subject, message.data, message.headers) == ("plain.cars", item.payload, {"event-id": item.event_id})
    await client.close()


async def test_records_of_one_key_stay_in_order_in_one_partition(kafka_server: Kafka) -> None:
    await kafka_server.make("keyed", 3)
    settings = {"brokers": [kafka_server.broker], "topic": "keyed", "key": "<$.source>", "idempotent": False}
    batch = deliveries(30)
    assert await said(kafka.KIND, settings, batch) == [DELIVERED] * 30
    records = await kafka_server.records("keyed", 30)
    assert len({partition for partition, *_ in records}) == 1
    assert [value for _, _, value, _ in records] == [item.payload for item in batch]
    assert records[0][1] == b"uk.co.cazoo"
    assert records[0][3] == {"event-id": batch[0].event_id.encode()}


@pytest.mark.parametrize(
    ("module", "of", "settings", "extra"),
    [
        ("redis", redis.KIND, {"url": "redis://h", "stream": "s"}, "redis"),
        ("aiormq", amqp.KIND, {"url": "amqp://h", "exchange": "", "routing_key": "k"}, "amqp"),
        ("nats", nats.KIND, {"url": "nats://h", "subject": "s"}, "nats"),
        ("psycopg", postgresql.KIND, {"url": "postgresql://h/d", "table": "t", "user": "u"}, "postgresql"),
        ("aiokafka", kafka.KIND, {"brokers": ["h"], "topic": "t"}, "kafka"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    module: str, of: TargetKind, settings: dict[str, Any], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from eventyard.errors import InvalidRequest

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InvalidRequest, match=rf"pip install 'eventyard\[{extra}\]'"):
        opened(of, settings, surroundings())
