"""Once for each event: what a function does, and what a memory store promises."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from eventyard import EventInfo, handler, idempotent
from eventyard.client import MemoryStore
from eventyard.clock import ManualClock
from eventyard.errors import InvalidRequest, TryAgain

from .test_consumer import event, message


def info(id: str = "e-1", once: str | None = None) -> EventInfo:
    return EventInfo(id, "T", "s", "1", "r", datetime(2026, 1, 1, tzinfo=UTC), once=once)


def counting(store: Any, **options: Any) -> tuple[list[Any], Any]:
    done: list[Any] = []

    @idempotent(store, **options)
    def work(detail: Any) -> Any:
        done.append(detail)
        return {"number": len(done)}

    return done, work


def test_second_delivery_gets_the_first_answer_and_does_nothing() -> None:
    done, work = counting(MemoryStore())
    assert work("a", info()) == {"number": 1}
    assert work("b", info()) == {"number": 1}
    assert work("c", info("e-2")) == {"number": 2}
    assert done == ["a", "c"]


def test_id_of_the_producer_tells_two_sendings_of_one_event() -> None:
    done, work = counting(MemoryStore())
    work("a", info("e-1", once="order-1"))
    work("b", info("e-2", once="order-1"))
    assert done == ["a"]


def test_key_can_be_chosen_and_functions_do_not_share_keys() -> None:
    store = MemoryStore()
    done, work = counting(store, key=lambda event: event.source, name="one")
    others, other = counting(store, key=lambda event: event.source, name="other")
    for each in (work, work, other):
        each("a", info("e-1"))
        each("a", info("e-2"))
    assert (len(done), len(others)) == (1, 1)


def test_what_failed_is_tried_again() -> None:
    attempts: list[int] = []

    @idempotent(MemoryStore())
    def work(detail: Any) -> str:
        attempts.append(1)
        if len(attempts) == 1:
            raise ZeroDivisionError
        return "done"

    with pytest.raises(ZeroDivisionError):
        work(1, info())
    assert (work(1, info()), work(1, info()), len(attempts)) == ("done", "done", 2)


def test_work_in_progress_is_left_alone() -> None:
    store = MemoryStore()

    @idempotent(store)
    def work(detail: Any, event: EventInfo) -> str:
        if detail == "outer":
            with pytest.raises(TryAgain, match="is being handled elsewhere"):
                work("inner", event)
        return str(detail)

    assert work("outer", info()) == "outer"


def test_lease_and_memory_end() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    begun = store.begin("k", 60)
    asyncio.run(clock.advance(60))
    second = store.begin("k", 60)
    assert begun.token != second.token  # type: ignore[union-attr]
    assert not store.finish("k", begun.token, b"1", 10), "the lease was over"  # type: ignore[union-attr]
    assert store.finish("k", second.token, b"2", 10)  # type: ignore[union-attr]
    asyncio.run(clock.advance(10))
    assert store.forget() == 1
    assert "token" in store.begin("k", 60).__struct_fields__


def test_memory_does_not_grow_for_ever() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    for n in range(5000):
        begun = store.begin(str(n), 60)
        store.finish(str(n), begun.token, b"1", 10)  # type: ignore[union-attr]
        if n % 500 == 499:
            asyncio.run(clock.advance(10))
    assert len(store._rows) <= 1500


def test_answer_that_is_not_json_is_told_once_and_the_work_is_not_repeated() -> None:
    done: list[int] = []

    @idempotent(MemoryStore())
    def work(detail: Any) -> object:
        done.append(1)
        return object()

    with pytest.raises(InvalidRequest, match="can't be remembered as JSON"):
        work(1, info())
    assert (work(1, info()), done) == (None, [1])


def test_handler_of_a_queue_handles_a_repeated_message_once() -> None:
    done: list[Any] = []

    @handler("PurchaseConfirmed")
    @idempotent(MemoryStore())
    def note(purchase: dict[str, Any]) -> None:
        done.append(purchase)

    note({"Records": [message(event({"n": 1}), "m-1"), message(event({"n": 1}), "m-2")]})
    assert done == [{"n": 1}]


async def test_async_function_is_idempotent_too() -> None:
    done: list[Any] = []

    @handler("PurchaseConfirmed")
    @idempotent(MemoryStore())
    async def note(purchase: dict[str, Any], event: EventInfo) -> int:
        await asyncio.sleep(0)
        if purchase["n"] == 13 and not done:
            done.append("failed")
            raise ZeroDivisionError
        done.append(event.id)
        return len(done)

    assert [await note.handle(event({"n": 1})) for _ in range(2)] == [1, 1]
    done.clear()
    with pytest.raises(ZeroDivisionError):
        await note.handle(event({"n": 13}, id="e-2"))
    assert await note.handle(event({"n": 13}, id="e-2")) == 2
