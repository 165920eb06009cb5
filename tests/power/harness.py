"""Loads a store on a disk of ours, cuts the power at many points, and checks what each cut leaves against the promises.

``python -m tests.power.harness --rounds 2000 --seed 7`` makes a campaign. A round is one cut; a run of the store gives
many. The same seed gives the same load and the same images for the same order of writes, which threads decide.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import apsw
import msgspec

from eventyard.errors import Broken, TryAgain
from eventyard.event import Event
from eventyard.store import Attempt, Change, Checkpoint, Claim, Deferred, Fate, NewMessage, Record, Store
from eventyard.stores.sqlite import Synchronous, open_sqlite, room

from .disk import Disk, Synced

WRITERS = 6


class Said(msgspec.Struct, frozen=True):
    """``kind``: event, message, deleted, catalog or progress. ``done``: the store has answered; else it is only about
    to be asked."""

    kind: str
    name: str
    number: int = 0
    done: bool = True


@dataclass
class Report:
    """``promises``: answers that the last image was held to. ``folded``: how often the file itself was synced, as a
    checkpoint does."""

    rounds: int = 0
    promises: int = 0
    folded: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, cut: int, why: str) -> None:
        self.faults.append(f"cut at step {cut}: {why}")


async def load(store: Store, disk: Disk, turns: int, early: bool) -> None:
    """Write from several sides at once, until done or the store is broken. ``early``: the sabotage of a store that
    answers before it has written."""

    async def ask(said: Said, work: Coroutine[Any, Any, Any]) -> None:
        disk.note(msgspec.structs.replace(said, done=early))
        try:
            result = await work
        except TryAgain:
            return
        number = result if isinstance(result, int) else said.number
        disk.note(msgspec.structs.replace(said, number=number))

    async def events(writer: int) -> None:
        for turn in range(turns):
            name = f"{writer}.{turn}"
            body = f'{{"n":"{name}"}}'.encode().ljust(100 + 700 * (turn % 7))
            await ask(Said("event", name), store.log.append("bus", [Event(body, turn)]))
            if turn % 10 == 9:
                await store.log.trim("other", max_size=0)
            await ask(Said("other", name), store.log.append("other", [Event(b"x", 1)]))

    async def messages(writer: int) -> None:
        for turn in range(turns):
            name = f"{writer}.{turn}"
            await ask(Said("message", name), store.queues.send("q", [NewMessage(name, "b", 1, 1)]))
            if turn % 3 == 0:
                for got in await store.queues.claim("q", Claim(1, 10, 1_000, f"{name}-")):
                    gone = [(got.receipt, None)]
                    await ask(Said("deleted", got.id), store.queues.settle("q", gone, 11))

    async def records() -> None:
        for n in range(1, turns * 2):
            before = [("s", m) for m in range(n - 40, n)]  # some of them may have found no room
            row = Deferred("s", "bus", n, "e", 1, 1, n, "X", "y")
            fate = Fate("bus", n, "e", "s", "retrying", n, 1, "X", "y")
            tried = Attempt("bus", n, "s", 1, n, "X", "y")
            step = Record({"s": Checkpoint(n)}, [row], before, [fate], [tried])
            await ask(Said("progress", "s", n), store.progress.record(step))
            await ask(Said("catalog", "k", n), store.catalog.apply([Change("k", "k", b"%d" % n)]))

    jobs = [events(n) for n in range(WRITERS)] + [messages(n) for n in range(WRITERS)] + [records()]
    for result in await asyncio.gather(*jobs, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, (Broken, TryAgain, apsw.Error)):
            raise result


async def check(noted: list[Said], image: Path) -> list[str]:
    """What in ``image`` is not as it was promised."""
    faults: list[str] = []
    connection = apsw.Connection(str(image / "eventyard.db"))
    sound = connection.pragma("integrity_check")
    connection.close()
    if sound != "ok":
        return [f"the file is corrupt: {sound}"]
    store = await open_sqlite(image)
    try:
        asked, answered = _by_kind(noted, done=False), _by_kind(noted, done=True)
        log = await store.log.read("bus", 0, 1 << 30, 1 << 40)
        there = {msgspec.json.decode(event.body)["n"]: position for position, event in log}
        if [position for position, _ in log] != list(range(1, len(log) + 1)):
            faults.append("the log has gaps")
        for name, position in answered.get("event", {}).items():
            if there.get(name) != position and position:
                faults.append(f"event {name} at {position} is lost (found at {there.get(name)})")
        faults += [f"event {name} was never sent" for name in there if name not in asked.get("event", {})]
        last = (await store.log.bounds()).get("other")
        promised = max(answered.get("other", {}).values(), default=0)
        if promised > (last.last if last else 0):
            faults.append(f"a position of a trimmed log would be used twice: {promised}, {last}")
        faults += await _check_queue(store, asked, answered)
        faults += await _check_progress(store, asked, answered)
    finally:
        await store.close()
    return faults


def _by_kind(noted: list[Said], done: bool) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for said in noted:
        if said.done or not done:
            found.setdefault(said.kind, {})[said.name] = said.number
    return found


async def _check_queue(
    store: Store, asked: dict[str, dict[str, int]], answered: dict[str, dict[str, int]]
) -> list[str]:
    there: set[str] = set()
    while got := await store.queues.claim("q", Claim(100, 5_000, 9_000, "check")):
        there |= {each.id for each in got}
    faults = [
        f"message {name} is lost" for name in answered.get("message", {}).keys() - asked.get("deleted", {}) - there
    ]
    faults += [f"message {name} came back" for name in answered.get("deleted", {}).keys() & there]
    return faults + [f"message {name} was never sent" for name in there - asked.get("message", {}).keys()]


async def _check_progress(
    store: Store, asked: dict[str, dict[str, int]], answered: dict[str, dict[str, int]]
) -> list[str]:
    faults: list[str] = []
    value = int((await store.catalog.load("k")).get("k", b"0"))
    if not answered.get("catalog", {}).get("k", 0) <= value <= asked.get("catalog", {}).get("k", 0):
        faults.append(f"the catalog has {value}")
    mark = (await store.progress.load()).get("s", Checkpoint(0)).position
    if not answered.get("progress", {}).get("s", 0) <= mark <= asked.get("progress", {}).get("s", 0):
        faults.append(f"the checkpoint is at {mark}")
    deferred = [row.position for row in await store.progress.due("s", 1 << 40, 10)]
    fates = [fate.position for fate in await store.progress.fates(limit=1)]
    tries = [attempt.position for attempt in await store.progress.attempts("e")][-1:]
    if (mark and not deferred == fates == [mark]) or tries != fates:
        faults.append(f"a step is there in part: {mark}, {deferred}, {fates}, {tries}")
    return faults


async def run(
    folder: Path,
    *,
    rounds: int,
    seed: int,
    synchronous: Synchronous = "FULL",
    early: bool = False,
    turns: int = 40,
    fault: Callable[[int, str], None] | None = None,
) -> Report:
    """One run of the store, and ``rounds`` cuts of its power."""
    report, random, data = Report(rounds), Random(seed), folder / "data"
    with Disk(fault) as disk:
        # Closed and opened again, so that no checkpoint of what making it wrote is still copying when noting begins.
        await (await open_sqlite(data, synchronous=synchronous)).close()
        store = await open_sqlite(data, synchronous=synchronous)
        disk.begin(data)
        await load(store, disk, turns, early)
        with contextlib.suppress(Broken):
            await store.close()
        disk.end()
    cuts = [*sorted(random.choices(range(len(disk.steps) + 1), k=rounds - 1)), len(disk.steps)]
    report.folded = sum(isinstance(step, Synced) and step.file.endswith(".db") for step in disk.steps)
    for cut, noted, image in disk.images(cuts, random, folder):
        report.promises = sum(said.done for said in noted)
        for why in await check(noted, image):
            report.fault(cut, why)
        shutil.rmtree(image)
    return report


@contextlib.contextmanager
def frequent_checkpoints() -> Iterator[None]:
    """Have the write-ahead log folded into the file every few commits, so that many cuts fall into that."""
    usual, room.LOG_PAGES = room.LOG_PAGES, 20
    try:
        yield
    finally:
        room.LOG_PAGES = usual


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    done = 0
    while done < options.rounds:
        folder = Path(tempfile.mkdtemp(prefix="eventyard-power-"))
        with frequent_checkpoints():
            report = asyncio.run(run(folder, rounds=min(200, options.rounds - done), seed=options.seed + done))
        shutil.rmtree(folder)
        done += report.rounds
        print(f"{done} cuts, {report.promises} promises in the last run, {len(report.faults)} faults", flush=True)
        if report.faults:
            raise SystemExit("\n".join(report.faults[:20]))


if __name__ == "__main__":
    main()
