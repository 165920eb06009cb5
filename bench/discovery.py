"""What discovery costs: for each event while there is evidence to be gathered, and after; and what publishers notice.

python bench/discovery.py
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from eventyard.bus import BusFeeds
from eventyard.clock import SystemClock
from eventyard.event import Event, envelope, iso_seconds, new_ids
from eventyard.feed import Feed
from eventyard.names import bus_arn
from eventyard.pattern import parse
from eventyard.schemas import Discoverer, Place
from eventyard.server import House
from eventyard.settings import Settings
from eventyard.stores.sqlite import open_sqlite
from eventyard.target import DELIVERED, Delivery, Outcome

BUS = bus_arn("123456789012", "us-east-1", "default")
DETAIL = json.dumps({
    "order_number": "abc-123", "vin": "1C6RD7LT4CS156097", "placed_at": "2026-11-01T09:00:00Z", "total": 27250.5,
    "currency": "GBP", "status": "OPEN", "vip": False, "note": None,
    "buyer": {"id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "email": "a@example.com", "address": {"postcode": "N1"}},
    "lines": [{"sku": f"sku-{n}", "quantity": n, "price": 9.5, "tags": ["a", "b"]} for n in range(4)],
}).encode()  # fmt: skip
TYPES, COUNT = 20, 40_000


def events(count: int, types: int) -> list[Event]:
    now = SystemClock().now()
    made = []
    for number, id in enumerate(new_ids(count, now)):
        body = envelope(
            id=id,
            detail_type=f"Order Placed {number % types}",
            source="uk.co.cazoo",
            account="123456789012",
            time=iso_seconds(now),
            region="us-east-1",
            resources=[],
            detail=DETAIL,
        )
        made.append(Event(body, now))
    return made


async def learning() -> None:
    """Discovery alone, in batches of 500."""
    with tempfile.TemporaryDirectory() as place:
        store = await open_sqlite(Path(place))
        house = House(store, Settings(data=Path(place)), SystemClock())
        await house.start()
        home = Place("123456789012", "us-east-1")
        discoverer = Discoverer(place=home, id="x", source=BUS)
        for words, some in (("gathering evidence", events(190, 1)), ("knowing the type", events(COUNT, 1))):
            bodies = [event.body for event in some]
            started = time.process_time()
            for start in range(0, len(bodies), 500):
                await house.registry.discovery.learn(discoverer, bodies[start : start + 500])
            spent = time.process_time() - started
            print(f"{words:>23}: {spent / len(bodies) * 1e6:6.1f} us an event of {len(bodies[0])} bytes")
        await house.close()
        await store.close()


class Nothing:
    """A target that takes everything: what a subscriber costs by itself."""

    batch_size = 500
    place = None

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return [DELIVERED] * len(batch)


async def publishing(words: str) -> None:
    """Publishing in batches of 10, eight at once, until all is appended; then until the subscriber is there, too. Its
    types are known by then."""
    with tempfile.TemporaryDirectory() as place:
        store = await open_sqlite(Path(place))
        house = House(store, Settings(data=Path(place)), SystemClock())
        await house.start()
        if words == "with another subscriber":
            everything = parse('{"source":[{"exists":true}]}')
            BusFeeds(house.engine).keep(
                Feed(name="x", log=BUS, pattern=everything, target_arn="x", target=Nothing(), payload=lambda body: body)
            )
        if words == "with a discoverer":
            home = Place("123456789012", "us-east-1")
            await house.registry.discoverers.create(Discoverer(place=home, id="x", source=BUS))
        await house.publisher.publish(BUS, events(TYPES * 250, TYPES))
        await asyncio.sleep(3)
        some = events(COUNT, TYPES)
        batches = [some[start : start + 10] for start in range(0, COUNT, 10)]
        waits: list[float] = []

        async def publish() -> None:
            while batches:
                batch = batches.pop()
                started = time.perf_counter()
                await house.publisher.publish(BUS, batch)
                waits.append(time.perf_counter() - started)

        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(publish() for _ in range(8)))
        spent = time.perf_counter() - started
        for _ in range(10_000):
            if not house.engine.lags():
                break
            await asyncio.sleep(0.01)
        all_of_it = time.perf_counter() - started
        waits.sort()
        print(
            f"{words:>23}: {COUNT / spent:7,.0f} events/s published, p50 {waits[len(waits) // 2] * 1e3:.1f} ms, "
            f"p99 {waits[len(waits) * 99 // 100] * 1e3:.1f} ms; all done after {all_of_it:.1f} s, "
            f"CPU {time.process_time() - cpu:.1f} s"
        )
        await house.close()
        await store.close()


async def main() -> None:
    await learning()
    for words in ("alone", "with another subscriber", "with a discoverer") * 2:
        await publishing(words)


if __name__ == "__main__":
    asyncio.run(main())
