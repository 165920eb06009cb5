"""The exam of progress and of the catalog; see :mod:`eventyard.exams.store`."""

from __future__ import annotations

from eventyard.store import Change, Checkpoint, Deferred, Fate, Record, Store


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
    exam_the_catalog_keeps_values_by_kind_and_key,
    exam_a_wipe_reaches_progress_and_catalog,
)
