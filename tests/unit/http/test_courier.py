"""Calls to a real endpoint on loopback, with the circuit breaker and the rate on a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import TypeVar

import pytest

from eventyard.clock import ManualClock
from eventyard.destination import Access, ApiKey, Destination
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry
from eventyard.targets.http import Courier, Guard, HttpTarget, parse_networks
from eventyard.targets.http.guard import LOOPBACK

T = TypeVar("T")
ARN = "arn:aws:events:eu-west-1:123456789012:api-destination/d/1"


class Endpoint:
    """Answers with ``status`` and counts; keeps each answer back until ``gate`` is set."""

    def __init__(self) -> None:
        self.status = 200
        self.calls = 0
        self.out = 0
        self.most = 0
        self.full = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]))
                self.calls += 1
                self.out += 1
                self.most = max(self.most, self.out)
                if self.out == 16:
                    self.full.set()
                await self.gate.wait()
                self.out -= 1
                writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\n\r\n".encode())
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


class Shelf:
    """The destinations that there are: one."""

    def __init__(self) -> None:
        self.kept: Destination | None = None
        self.told: list[str | None] = []

    def destination(self, arn: str) -> Destination | None:
        return self.kept

    async def authorized(self, access: Access, failure: str | None) -> None:
        self.told.append(failure)


class Yard:
    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.clock = ManualClock()
        self.shelf = Shelf()
        access = Access("connection", 1, ApiKey("X-Key", "secret"))
        self.shelf.kept = Destination(ARN, endpoint.url, "POST", 1_000, access)
        self.courier = Courier(self.shelf, Guard(self.clock, parse_networks(LOOPBACK)), self.clock, seconds=2)
        self.target = HttpTarget(self.courier, ARN, {})

    async def deliver(self, count: int) -> Sequence[Outcome]:
        return await self.while_time_passes(self.target.deliver([Delivery("1", b"{}")] * count))

    async def while_time_passes(self, work: Awaitable[T]) -> T:
        task = asyncio.ensure_future(work)
        while not task.done():
            await asyncio.sleep(0.0005)
            await self.clock.advance(0.01)
        return task.result()


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    yield endpoint
    endpoint.gate.set()
    server.close()
    await asyncio.sleep(0.01)


@pytest.fixture
async def yard(endpoint: Endpoint) -> AsyncIterator[Yard]:
    yard = Yard(endpoint)
    yield yard
    await yard.courier.close()
    await asyncio.sleep(0.01)


async def test_a_broken_endpoint_is_left_alone_until_a_probe_succeeds(yard: Yard, endpoint: Endpoint) -> None:
    endpoint.status = 503
    for _ in range(10):
        (outcome,) = await yard.deliver(1)
        assert isinstance(outcome, Retry)
        assert outcome.code == "SERVER_ERROR"
    held = await yard.deliver(5)
    assert endpoint.calls == 10
    for each in held:
        assert isinstance(each, Retry)
        assert (each.code, each.called) == ("CIRCUIT_OPEN", False)
        assert each.after is not None
        assert 8 < each.after <= 10
    await yard.clock.advance(10)
    probe, *others = await yard.deliver(5)
    assert isinstance(probe, Retry)
    assert probe.called
    assert all(isinstance(each, Retry) and not each.called for each in others)
    assert endpoint.calls == 11
    endpoint.status = 200
    await yard.clock.advance(20)
    assert await yard.deliver(1) == [DELIVERED]
    assert await yard.deliver(5) == [DELIVERED] * 5


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429])
async def test_an_endpoint_that_refuses_is_not_broken(yard: Yard, endpoint: Endpoint, status: int) -> None:
    endpoint.status = status
    for _ in range(12):
        await yard.deliver(1)
    assert endpoint.calls == 12


async def test_calls_at_a_time_are_bounded_over_all_rules(yard: Yard, endpoint: Endpoint) -> None:
    endpoint.gate.clear()
    other = HttpTarget(yard.courier, ARN, {})
    batch = [Delivery("1", b"{}")] * 16
    both = asyncio.gather(yard.target.deliver(batch), other.deliver(batch))
    waiting = asyncio.ensure_future(yard.while_time_passes(both))
    await asyncio.wait_for(endpoint.full.wait(), 10)
    await asyncio.sleep(0.05)
    assert endpoint.most == 16
    endpoint.gate.set()
    assert [outcome for outcomes in await waiting for outcome in outcomes] == [DELIVERED] * 32
    assert endpoint.most == 16


async def test_credentials_are_reported_as_the_endpoint_takes_them(yard: Yard, endpoint: Endpoint) -> None:
    await yard.deliver(1)
    endpoint.status = 401
    await yard.deliver(1)
    assert yard.shelf.told == [None, "The endpoint refused the credentials with status 401."]


async def test_without_destination_or_authorisation_nobody_is_called(yard: Yard, endpoint: Endpoint) -> None:
    yard.shelf.kept = Destination(ARN, endpoint.url, "POST", 1, None, "Connection c is not authorized.")
    (outcome,) = await yard.deliver(1)
    assert isinstance(outcome, Retry)
    assert outcome.message.endswith("Connection c is not authorized.")
    yard.shelf.kept = None
    (outcome,) = await yard.deliver(1)
    assert isinstance(outcome, Permanent)
    assert outcome.code == "NO_RESOURCE"
    assert endpoint.calls == 0


async def test_a_slow_destination_takes_small_batches(yard: Yard, endpoint: Endpoint) -> None:
    assert yard.target.batch_size == 16
    access = Access("connection", 1, ApiKey("X-Key", "secret"))
    yard.shelf.kept = Destination(ARN, endpoint.url, "POST", 2, access)
    await yard.deliver(1)
    assert yard.target.batch_size == 2
