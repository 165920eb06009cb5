"""The exam of progress and of the catalog; see :mod:`eventyard.exams.store`."""

from __future__ import annotations

from eventyard.store import Attempt, Change, Checkpoint, Deferred, Fate, Record, Store


def deferred(subscriber: str, position: int, due: int) -> Deferred:
    return Deferred(subscriber, "bus", position, f"event-{position}", 1, 5, due, "SDK_CLIENT_ERROR", "refused")


async def exam_checkpoints_are_kept_and_forgotten(store: Store) -> None:
    first, second = Checkpoint(7, (9, 12)), Checkpoint(3)
    await store.progress.record(Record({"one": first, "two": second}))
    assert await store.progress.load() == {"one": first, "two": second}
    await store.progress.record(Record({"one": Checkpoint(12), "two": None, "three": None}))
    assert await store.progress.load() == {"one": Checkpoint(12)}
    await store.progress.record(Record())


async def exam_deferred_deliveries_come_back_when_due(store: Store) -> None:
    later, sooner, other = deferred("one", 1, 30), deferred("one", 2, 10), deferred("two", 1, 20)
    await store.progress.record(Record(deferred=[later, sooner, other]))
    assert await store.progress.due("one", 9, 10) == []
    assert await store.progress.due("one", 10, 10) == [sooner]
    assert await store.progress.due("one", 99, 10) == [sooner, later]
    assert await store.progress.due("one", 99, 1) == [sooner]
    assert await store.progress.backlog() == {"one": (2, 10), "two": (1, 20)}
    await store.progress.record(Record(deferred=[deferred("one", 2, 40)], done=[("two", 1), ("nobody", 1)]))
    assert await store.progress.due("one", 99, 10) == [later, deferred("one", 2, 40)]
    assert await store.progress.backlog() == {"one": (2, 30)}
    many = [deferred("many", position, 1_000 - position) for position in range(700)]
    await store.progress.record(Record(deferred=many))
    assert await store.progress.due("many", 9_999, 1_000) == many[::-1]
    await store.progress.record(Record(done=[("many", position) for position in range(699)]))
    assert await store.progress.due("many", 9_999, 1_000) == many[699:]


async def exam_a_forgotten_subscriber_leaves_only_its_fates(store: Store) -> None:
    fate = Fate("bus", 1, "event-1", "one", "dropped", 5)
    await store.progress.record(Record({"one": Checkpoint(4)}, [deferred("one", 1, 1)], fates=[fate]))
    await store.progress.record(Record({"two": Checkpoint(5)}, [deferred("two", 1, 1)]))
    await store.progress.forget("one")
    assert await store.progress.load() == {"two": Checkpoint(5)}
    assert await store.progress.backlog() == {"two": (1, 1)}
    assert await store.progress.fates() == [fate]


async def exam_a_later_fate_replaces_the_earlier(store: Store) -> None:
    retrying = Fate("bus", 1, "event-1", "one", "retrying", 5, 1, "SDK_CLIENT_ERROR", "refused")
    other = Fate("bus", 2, "event-2", "one", "delivered", 6, 1)
    matched = Fate("bus", 1, "event-1", "", "matched", 4, 2)
    await store.progress.record(Record(fates=[matched, retrying]))
    await store.progress.record(Record(fates=[other]))
    assert await store.progress.fates() == [other, retrying, matched]
    dead = Fate("bus", 1, "event-1", "one", "dead-lettered", 9, 2, "SDK_CLIENT_ERROR", "refused")
    await store.progress.record(Record(fates=[dead]))
    assert await store.progress.fates() == [dead, other, matched]
    assert await store.progress.fates(limit=1) == [dead]
    assert await store.progress.fates(event_id="event-1") == [dead, matched]
    assert await store.progress.fates(subscriber="one", outcome="delivered") == [other]
    assert await store.progress.fates(subscriber="") == [matched]
    assert await store.progress.fates(bus="elsewhere") == []


async def exam_attempts_are_kept_with_their_fate(store: Store) -> None:
    def tried(position: int, number: int, code: str = "SERVER_ERROR") -> Attempt:
        return Attempt("bus", position, "one", number, number * 10, code, f"try {number}" if code else "")

    retrying = Fate("bus", 1, "event-1", "one", "retrying", 10, 1, "SERVER_ERROR", "try 1")
    await store.progress.record(Record(fates=[retrying], attempts=[tried(1, 1)]))
    assert await store.progress.attempts("event-1") == [tried(1, 1)]
    delivered = Fate("bus", 1, "event-1", "one", "delivered", 20, 2)
    other = Fate("bus", 2, "event-2", "one", "retrying", 10, 1, "SERVER_ERROR", "try 1")
    done = tried(1, 2, "")
    await store.progress.record(Record(fates=[other, delivered], attempts=[tried(2, 1), done, tried(9, 1)]))
    assert await store.progress.attempts("event-1") == [tried(1, 1), done]
    assert await store.progress.attempts("event-2") == [tried(2, 1)]
    assert await store.progress.attempts("event-9") == [], "without a fate there is nothing to keep it with"
    await store.progress.record(Record(attempts=[tried(1, 2, "THROTTLING")]))
    assert await store.progress.attempts("event-1") == [tried(1, 1), tried(1, 2, "THROTTLING")]
    many = [Fate("many", position, "event-many", "one", "retrying", 1, 2) for position in range(600)]
    tries = [Attempt("many", each.position, "one", number, 1, "X", "y") for each in many for number in (1, 2)]
    await store.progress.record(Record(fates=many, attempts=tries))
    assert len(await store.progress.attempts("event-many")) == 1_200


async def exam_fates_are_pruned_by_age(store: Store) -> None:
    fates = [Fate("bus", n, f"event-{n}", "one", "dropped", n, 1, "X", "y") for n in range(1_000)]
    tries = [Attempt("bus", n, "one", 1, n, "X", "y") for n in range(1_000)]
    await store.progress.record(Record(fates=fates, attempts=tries))
    again = Fate("bus", 3, "event-3", "one", "delivered", 5_000, 2)
    await store.progress.record(Record(fates=[again], attempts=[Attempt("bus", 3, "one", 2, 5_000)]))
    await store.progress.prune(older_than=900, most=1 << 40)
    assert await store.progress.fates(limit=2_000) == [again, *fates[:899:-1]], "the one that changed since is kept"
    assert [each.number for each in await store.progress.attempts("event-3")] == [1, 2]
    assert await store.progress.attempts("event-899") == []
    assert await store.progress.attempts("event-900") == tries[900:901]
    await store.progress.prune(older_than=6_000, most=1 << 40)
    assert await store.progress.fates() == []
    late = Fate("bus", 1_001, "event-1001", "one", "dropped", 7_000)
    await store.progress.record(Record(fates=[late]))
    assert await store.progress.fates() == [late]


async def exam_fates_and_attempts_are_pruned_by_number(store: Store) -> None:
    fates = [Fate("bus", n, f"event-{n}", "one", "retrying", n, 2, "X", "y") for n in range(600)]
    for number in (1, 2):
        tries = [Attempt("bus", n, "one", number, n, "X", "y") for n in range(600)]
        await store.progress.record(Record(fates=fates, attempts=tries))
    await store.progress.prune(older_than=0, most=700)
    assert len(await store.progress.fates(limit=2_000)) == 600
    assert [each.number for each in await store.progress.attempts("event-499")] == [2], "the oldest attempts go"
    assert [each.number for each in await store.progress.attempts("event-500")] == [1, 2]
    await store.progress.prune(older_than=0, most=50)
    assert await store.progress.fates(limit=2_000) == fates[:549:-1]
    assert await store.progress.attempts("event-549") == []
    assert [each.number for each in await store.progress.attempts("event-550")] == [2]
    await store.progress.prune(older_than=0, most=50)
    assert len(await store.progress.fates()) == 50


async def exam_the_catalog_keeps_values_by_kind_and_key(store: Store) -> None:
    await store.catalog.apply([Change("rule", "b", b"2"), Change("rule", "a", b"1"), Change("bus", "a", b"\x00")])
    assert list((await store.catalog.load("rule")).items()) == [("a", b"1"), ("b", b"2")]
    await store.catalog.apply([Change("rule", "a", None), Change("rule", "c", b"3"), Change("rule", "b", b"")])
    assert await store.catalog.load("rule") == {"b": b"", "c": b"3"}
    assert await store.catalog.load("bus") == {"a": b"\x00"}
    await store.catalog.apply([Change("x", "a", b"1"), Change("x", "a", None), Change("nothing", "a", None)])
    assert await store.catalog.load("x") == {}


async def exam_a_wipe_reaches_progress_and_catalog(store: Store) -> None:
    await store.progress.record(Record({"one": Checkpoint(4)}, [deferred("one", 1, 1)]))
    await store.catalog.apply([Change("bus", "a", b"1")])
    await store.wipe()
    assert await store.progress.load() == {}
    assert await store.progress.backlog() == {}
    assert await store.catalog.load("bus") == {}


PROGRESS_EXAMS = (
    exam_checkpoints_are_kept_and_forgotten,
    exam_deferred_deliveries_come_back_when_due,
    exam_a_forgotten_subscriber_leaves_only_its_fates,
    exam_a_later_fate_replaces_the_earlier,
    exam_attempts_are_kept_with_their_fate,
    exam_fates_are_pruned_by_age,
    exam_fates_and_attempts_are_pruned_by_number,
    exam_the_catalog_keeps_values_by_kind_and_key,
    exam_a_wipe_reaches_progress_and_catalog,
)
