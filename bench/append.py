"""Rows a second of the event log, against a bare SQLite loop with one commit a batch: ``python bench/append.py``.

Ratios carry over to other machines, the figures do not. The bare loop is one thread that does nothing else; the store
answers many producers on an event loop, and makes one commit of what they wrote meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import apsw

from eventyard.event import Event
from eventyard.stores.sqlite import Synchronous, open_sqlite

BODY = b"x" * 600


def bare(seconds: float, batch: int) -> float:
    """Rows a second of ``INSERT``, ``COMMIT`` in a loop."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        connection = apsw.Connection(f"{directory}/bare.db")
        for pragma in ("page_size = 8192", "journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 16000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE log (position INTEGER PRIMARY KEY, ingested INTEGER, body BLOB)")
        rows, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            with connection:
                connection.executemany("INSERT INTO log (ingested, body) VALUES (?, ?)", [(1, BODY)] * batch)
            rows += batch
        rate = rows / (time.perf_counter() - start)
        connection.close()
    return rate


async def ours(seconds: float, batch: int, appenders: int, synchronous: Synchronous) -> tuple[float, float, float]:
    """Rows a second of so many concurrent appenders, and the median and 99th percentile of an append in ms."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        store = await open_sqlite(Path(directory), synchronous=synchronous)
        events = [Event(BODY, 1)] * batch
        took: list[float] = []
        end = time.perf_counter() + seconds

        async def appender() -> None:
            while (start := time.perf_counter()) < end:
                await store.log.append("bus", events)
                took.append(time.perf_counter() - start)

        start = time.perf_counter()
        await asyncio.gather(*[appender() for _ in range(appenders)])
        rate = len(took) * batch / (time.perf_counter() - start)
        await store.close()
    took.sort()
    return rate, took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000


async def beside_retention(seconds: float, batch: int, appenders: int, backlog: int) -> None:
    """The same appends alone, and while the oldest of ``backlog`` events are being forgotten."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        store = await open_sqlite(Path(directory))
        for _ in range(backlog // 1_000):
            await store.log.append("bus", [Event(BODY, 1)] * 1_000)
        trimming: asyncio.Task[object] | None = None
        for what in ("alone", "beside retention"):
            took: list[float] = []
            start = time.perf_counter()
            first = (await store.log.bounds())["bus"].first
            if what != "alone":
                trimming = asyncio.create_task(store.log.trim("bus", max_size=0))
            end = start + seconds

            async def appender(end: float = end, took: list[float] = took) -> None:
                while (begun := time.perf_counter()) < end:
                    await store.log.append("bus", [Event(BODY, 1)] * batch)
                    took.append(time.perf_counter() - begun)

            await asyncio.gather(*[appender() for _ in range(appenders)])
            passed = time.perf_counter() - start
            gone = (await store.log.bounds())["bus"].first - first
            took.sort()
            row = f"{batch:5} {appenders:9} {what:>16} {len(took) * batch / passed:9,.0f} {gone / passed:11,.0f}"
            print(f"{row} {took[len(took) // 2] * 1000:7.2f} {took[len(took) * 99 // 100] * 1000:7.2f}")
        if trimming is not None:
            trimming.cancel()
            await asyncio.gather(trimming, return_exceptions=True)
        await store.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=1.5)
    options.add_argument("--appenders", type=int, nargs="*", default=[1, 32])
    given = options.parse_args()
    print(f"{'batch':>5} {'appenders':>9} {'sync':>6} {'rows/s':>9} {'of bare':>7} {'p50 ms':>7} {'p99 ms':>7}")
    for batch in (1, 10, 100, 1000):
        base = bare(given.seconds, batch)
        print(f"{batch:5} {'bare':>9} {'FULL':>6} {base:9,.0f} {1:7.2f}")
        for appenders in given.appenders:
            for synchronous in ("FULL", "NORMAL"):
                rate, median, tail = asyncio.run(ours(given.seconds, batch, appenders, synchronous))
                row = f"{batch:5} {appenders:9} {synchronous:>6} {rate:9,.0f} {rate / base:7.2f}"
                print(f"{row} {median:7.2f} {tail:7.2f}")
    print(f"\n{'batch':>5} {'appenders':>9} {'':>16} {'rows/s':>9} {'forgotten/s':>11} {'p50 ms':>7} {'p99 ms':>7}")
    for batch in (1, 10, 100):
        asyncio.run(beside_retention(given.seconds, batch, 32, 300_000))


if __name__ == "__main__":
    main()
