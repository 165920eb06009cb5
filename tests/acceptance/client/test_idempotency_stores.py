"""What every idempotency store promises, held against each: memory, SQLite and PostgreSQL."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventyard.client import DatabaseStore, MemoryStore
from eventyard.client.idempotency import Busy, Done, Mine, Store

from .databases import execute, sqlite
from .postgres import Postgres


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "sqlite":
        found = DatabaseStore(sqlite(str(tmp_path / "shop.db")))
    else:
        server: Postgres = request.getfixturevalue("postgres")
        execute(server.connect, "DROP TABLE IF EXISTS public.done_once")
        found = DatabaseStore(server.connect, "public.done_once")
    found.create()
    found.create()  # once more does no harm
    yield found


def begun(store: Store, key: str, lease: float = 60) -> str:
    found = store.begin(key, lease)
    assert isinstance(found, Mine)
    return found.token


def test_first_gets_it_and_others_wait_until_it_is_done(store: Store) -> None:
    token = begun(store, "k")
    assert isinstance(store.begin("k", 60), Busy)
    assert begun(store, "other")
    assert store.finish("k", token, b'{"a":1}', 60)
    assert store.begin("k", 60) == Done(b'{"a":1}')
    assert not store.finish("k", token, b"2", 60), "it is finished already"
    store.give_up("k", token)
    assert store.begin("k", 60) == Done(b'{"a":1}')


def test_what_is_given_up_goes_to_the_next(store: Store) -> None:
    store.give_up("k", begun(store, "k"))
    assert begun(store, "k")


def test_lease_that_is_over_goes_to_the_next_and_the_first_can_not_finish(store: Store) -> None:
    late = begun(store, "k", 0.05)
    time.sleep(0.1)
    token = begun(store, "k")
    assert not store.finish("k", late, b"1", 60)
    store.give_up("k", late)
    assert isinstance(store.begin("k", 60), Busy)
    assert store.finish("k", token, b"2", 60)
    assert store.begin("k", 60) == Done(b"2")


def test_what_need_not_be_remembered_is_forgotten(store: Store) -> None:
    store.finish("short", begun(store, "short"), b"1", 0.05)
    store.finish("long", begun(store, "long"), b"1", 60)
    time.sleep(0.1)
    assert store.forget() == 1
    assert begun(store, "short")
    assert isinstance(store.begin("long", 60), Done)


def test_of_many_threads_one_does_it(store: Store) -> None:
    done: list[str] = []

    def work(n: int) -> None:
        key = f"k{n % 5}"
        for _ in range(200):
            found = store.begin(key, 60)
            if isinstance(found, Done):
                return
            if isinstance(found, Mine):
                if random.random() < 0.3:
                    store.give_up(key, found.token)
                    continue
                done.append(key)
                assert store.finish(key, found.token, b"1", 60)
                return
            time.sleep(0.005)
        raise AssertionError("never done")

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, range(80)))
    assert sorted(done) == [f"k{n}" for n in range(5)]


_steps = st.lists(st.tuples(st.sampled_from(["begin", "finish", "give_up"]), st.sampled_from("ab"), st.integers(0, 3)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps)
def test_any_order_of_steps_answers_as_a_plain_model_does(store: Store, steps: list[tuple[str, str, int]]) -> None:
    prefix = str(uuid.uuid4())
    tokens: dict[str, list[str]] = {"a": ["none"], "b": ["none"]}
    holder: dict[str, str] = {}
    results: dict[str, bytes] = {}
    for step, name, which in steps:
        key, token = prefix + name, tokens[name][which % len(tokens[name])]
        if step == "begin":
            found = store.begin(key, 600)
            if name in results:
                assert found == Done(results[name])
            elif name in holder:
                assert found == Busy()
            else:
                assert isinstance(found, Mine)
                holder[name] = found.token
                tokens[name].append(found.token)
        elif step == "finish":
            result = str(which).encode()
            mine = holder.get(name) == token
            assert store.finish(key, token, result, 600) == mine
            if mine:
                results[name] = result
                del holder[name]
        else:
            store.give_up(key, token)
            if holder.get(name) == token:
                del holder[name]
