"""The exam of queues; see :mod:`eventyard.exams.store`."""

from __future__ import annotations

import asyncio
import itertools

from eventyard.store import Claim, Counts, Message, NewMessage, Sent, Store

_tokens = (f"token-{number}" for number in itertools.count())


def message(name: str, sent: int = 1, visible: int | None = None, group: str | None = None, **more: str) -> NewMessage:
    return NewMessage(name, f"body of {name}", sent, sent if visible is None else visible, b"\x01", group, **more)


async def claim(
    store: Store,
    now: int,
    limit: int = 10,
    hide: int = 30,
    *,
    fifo: bool = False,
    dead: str | None = None,
    most: int = 0,
    queue: str = "q",
) -> list[Message]:
    return await store.queues.claim(queue, Claim(limit, now, now + hide, next(_tokens), fifo, dead, most))


def ids(messages: list[Message]) -> list[str]:
    return [each.id for each in messages]


async def exam_a_message_is_received_as_it_was_sent(store: Store) -> None:
    new = NewMessage("id", "bödy", 3, 4, b"\x00\xff", "group", "dedup")
    assert await store.queues.send("q", [new]) == [Sent("id", 1)]
    (got,) = await store.queues.claim("q", Claim(1, 10, 20, "r"))
    assert got == Message("id", 1, "bödy", 3, got.receipt, 1, 10, b"\x00\xff", "group", "dedup")
    assert got.receipt.startswith("r")
    (again,) = await store.queues.claim("q", Claim(1, 20, 30, "s"))
    assert (again.receives, again.first_received, again.receipt[0]) == (2, 10, "s")
    assert await claim(store, 50, queue="other") == []


async def exam_sequences_rise_even_when_the_queue_is_emptied(store: Store) -> None:
    sent = await store.queues.send("q", [message("a"), message("b")])
    await store.queues.purge("q")
    sent += await store.queues.send("q", [message("c")])
    assert [each.sequence for each in sent] == sorted({each.sequence for each in sent})


async def exam_claims_take_the_oldest_first_and_once(store: Store) -> None:
    await store.queues.send("q", [message(f"{number:03}") for number in range(300)])
    parts = await asyncio.gather(*[claim(store, 5, 7) for _ in range(50)])
    assert all(part == sorted(part, key=lambda each: each.sequence) for part in parts)
    assert sorted(name for part in parts for name in ids(part)) == [f"{number:03}" for number in range(300)]
    await store.queues.send("r", [message("late", 1, 9), message("early", 1, 2)])
    assert ids(await claim(store, 10, queue="r")) == ["early", "late"]


async def exam_a_claimed_message_comes_back_when_not_deleted(store: Store) -> None:
    await store.queues.send("q", [message("a"), message("b", visible=15)])
    (first,) = await claim(store, 10, hide=20)
    assert ids(await claim(store, 15, hide=5)) == ["b"]
    assert await claim(store, 19) == []
    assert ids(await claim(store, 20, hide=5)) == ["b"]
    (second,) = await claim(store, 30, 1, hide=5)
    assert ids([second]) in (["a"], ["b"])
    assert first.receipt != second.receipt


async def exam_only_the_latest_receipt_counts(store: Store) -> None:
    settle = store.queues.settle
    await store.queues.send("q", [message("a")])
    (old,) = await claim(store, 10, hide=10)
    (new,) = await claim(store, 20, hide=10)
    assert await settle("q", [(old.receipt, None), (old.receipt, 99)], 21) == ["expired", "expired"]
    assert await settle("q", [("made up", None), ("x-" + "f" * 99, None)], 21) == ["gone", "gone"]
    assert await settle("q", [(new.receipt, 40)], 21) == ["done"]
    assert await claim(store, 35) == []
    assert await settle("q", [(new.receipt, 99)], 41) == ["expired"], "the claim has run out"
    assert await settle("q", [(new.receipt, None)], 41) == ["done"], "but nobody else has claimed it"
    assert await settle("q", [(new.receipt, None)], 41) == ["gone"]
    assert await store.queues.counts("q", 99) == Counts(0, 0, 0)
    assert await settle("nobody", [("r", None)], 1) == ["gone"]


async def exam_strictly_a_receipt_deletes_only_while_its_claim_lasts(store: Store) -> None:
    settle = store.queues.settle
    await store.queues.send("q", [message("a"), message("b"), message("c")])
    a, b, c = [each.receipt for each in await claim(store, 10, hide=10)]
    assert await settle("q", [(a, None)], 19, strict=True) == ["done"]
    assert await settle("q", [(a, None), (b, None)], 20, strict=True) == ["gone", "expired"]
    assert await settle("q", [(a, None)], 99, strict=True) == ["gone"], "long after the claim, too"
    (again, _) = await claim(store, 20, hide=10)
    assert await settle("q", [(b, None), (again.receipt, None)], 21, strict=True) == ["expired", "done"]
    assert await settle("q", [(b, None), (c, None)], 21, strict=True) == ["gone", "expired"]
    assert await store.queues.counts("q", 21) == Counts(0, 1, 0, 1)


async def exam_settlements_take_effect_in_order(store: Store) -> None:
    settle = store.queues.settle
    await store.queues.send("q", [message("a"), message("b")])
    a, b = [each.receipt for each in await claim(store, 10, hide=10)]
    assert await settle("q", [(a, 50), (a, None), (a, None)], 11, strict=True) == ["done", "done", "gone"]
    assert await settle("q", [(b, 11), (b, 50), (b, None)], 11, strict=True) == ["done", "expired", "expired"]
    # Also of two callers whose settlements are written together.
    first, second = await asyncio.gather(settle("q", [(b, None)], 11), settle("q", [(b, None)], 11))
    assert (first, second) == (["done"], ["gone"])


async def exam_a_message_can_be_given_back(store: Store) -> None:
    await store.queues.send("q", [message("a")])
    (got,) = await claim(store, 10)
    assert await store.queues.settle("q", [(got.receipt, 11)], 11) == ["done"]
    assert ids(await claim(store, 11)) == ["a"]


async def exam_a_message_goes_to_the_dead_queue_after_its_receives(store: Store) -> None:
    await store.queues.send("q", [message("a", 3), message("b", 3)])
    for turn in range(3):
        assert ids(await claim(store, 100 * turn + 100, dead="dead", most=3)) == ["a", "b"]
    assert await store.queues.counts("dead", 350) == Counts(0, 0, 0)
    await store.queues.send("q", [message("c", 350)])
    assert ids(await claim(store, 400, 2, dead="dead", most=3)) == ["c"], "the dead make room for the living"
    (a, b) = await claim(store, 400, queue="dead")
    assert [(a.id, a.sent, a.receives), (b.id, b.sent, b.receives)] == [("a", 3, 1), ("b", 3, 1)]
    assert a.first_received == 400
    assert await store.queues.counts("q", 401) == Counts(0, 1, 0, 350)


async def exam_quiet_groups_come_before_noisy_ones(store: Store) -> None:
    await store.queues.send("q", [message(f"a{n:03}", group="a") for n in range(100)])
    await store.queues.send("q", [message("b0", group="b"), message("n0")])
    first = await claim(store, 10, 29, hide=1000)
    assert ids(await claim(store, 11, 1, hide=1000)) == ["a029"], "29 are not many"
    assert ids(await claim(store, 12, 4, hide=1000)) == ["b0", "n0", "a030", "a031"]
    await store.queues.send("q", [message("b1", group="b")])
    assert ids(await claim(store, 13, 2, hide=1000)) == ["b1", "a032"]
    done = [(one.receipt, None) for one in first]
    assert set(await store.queues.settle("q", done, 14)) == {"done"}
    await store.queues.send("q", [message("b2", group="b")])
    assert ids(await claim(store, 15, 2, hide=1000)) == ["a033", "a034"], "with the backlog goes the noise"
    everything = [await claim(store, 16 + turn, 10, hide=1000) for turn in range(8)]
    assert sorted(ids([one for some in everything for one in some])) == [*(f"a{n:03}" for n in range(35, 100)), "b2"]


async def exam_a_group_is_noisy_only_with_a_tenth_of_all(store: Store) -> None:
    await store.queues.send("q", [message(f"n{n:03}") for n in range(300)])
    await claim(store, 10, 300, hide=1000)
    await store.queues.send("q", [message(f"a{n:03}", 11, group="a") for n in range(40)])
    await claim(store, 12, 30, hide=1000)
    await store.queues.send("q", [message("b", 13, group="b")])
    assert ids(await claim(store, 14, 4, hide=1000)) == ["a030", "a031", "a032", "a033"]
    assert ids(await claim(store, 900, 1, hide=1000)) == ["b"], "34 of 334 are more than a tenth"


async def exam_of_two_noisy_groups_the_one_with_fewer_out_comes_first(store: Store) -> None:
    await store.queues.send("q", [message(f"a{n:02}", group="a") for n in range(40)])
    await claim(store, 10, 40, hide=1000)
    await store.queues.send("q", [message(f"b{n:02}", 11, group="b") for n in range(31)])
    await claim(store, 12, 31, hide=1000)
    await store.queues.send(
        "q", [message("a", 13, group="a"), message("b", 14, group="b"), message("c", 15, group="c")]
    )
    assert ids(await claim(store, 999, 3, hide=5)) == ["c", "b", "a"]


async def exam_a_group_waits_for_its_claimed_message(store: Store) -> None:
    names = ("a1", "b1", "a2", "b2", "a3")
    await store.queues.send("q", [message(name, group=name[0]) for name in names])
    (a1,) = await claim(store, 10, 1, fifo=True)
    assert a1.id == "a1"
    (b1, b2) = await claim(store, 11, 10, fifo=True)
    assert (b1.id, b2.id) == ("b1", "b2"), "several of one group, in order; none of the blocked one"
    assert await claim(store, 12, fifo=True) == []
    assert await store.queues.settle("q", [(a1.receipt, None), (b1.receipt, None)], 13) == ["done", "done"]
    assert ids(await claim(store, 13, 1, fifo=True)) == ["a2"], "b2 is still claimed, a2 is free"
    assert await claim(store, 14, fifo=True) == []
    assert ids(await claim(store, 41, fifo=True)) == ["b2"]
    assert ids(await claim(store, 43, fifo=True)) == ["a2", "a3"]


async def exam_a_group_does_not_overtake_a_delayed_message(store: Store) -> None:
    await store.queues.send("q", [message("a1", visible=20, group="a"), message("a2", group="a")])
    await store.queues.send("q", [message("b1", group="b")])
    assert ids(await claim(store, 10, fifo=True)) == ["b1"]
    assert ids(await claim(store, 20, fifo=True)) == ["a1", "a2"]


async def exam_a_free_group_is_found_behind_a_blocked_one(store: Store) -> None:
    await store.queues.send("q", [message(f"a{number}", group="a") for number in range(1_500)])
    await store.queues.send("q", [message("b1", group="b")])
    assert ids(await claim(store, 10, 1, fifo=True)) == ["a0"]
    assert ids(await claim(store, 11, 5, fifo=True)) == ["b1"]


async def exam_a_group_goes_on_after_its_dead_message(store: Store) -> None:
    await store.queues.send("q", [message("a1", group="a"), message("a2", group="a")])
    assert ids(await claim(store, 10, 1, fifo=True, dead="dead", most=1)) == ["a1"]
    assert ids(await claim(store, 40, 1, fifo=True, dead="dead", most=1)) == ["a2"]
    assert [(m.id, m.group) for m in await claim(store, 40, queue="dead", fifo=True)] == [("a1", "a")]


async def exam_a_duplicate_is_answered_but_not_sent(store: Store) -> None:
    send = store.queues.send
    twice = [message("a", 10, dedup="x"), message("b", 10, dedup="x"), message("c", 10, dedup="y")]
    (a, b, c) = await send("q", twice, 0)
    assert (a.duplicate, b.duplicate, c.duplicate) == (False, True, False)
    assert (b.id, b.sequence) == ("a", a.sequence)
    got = await claim(store, 11)
    assert ids(got) == ["a", "c"]
    await store.queues.settle("q", [(each.receipt, None) for each in got], 12)
    assert await send("q", [message("d", 20, dedup="x")], 10) == [Sent("a", a.sequence, True)], "even when deleted"
    (late,) = await send("q", [message("e", 30, dedup="x")], 11)
    assert (late.id, late.duplicate) == ("e", False), "the window has moved on"
    assert (await send("q", [message("f", 40, dedup="x")], 30))[0].id == "e"
    assert not (await send("other", [message("g", 40, dedup="x")], 0))[0].duplicate
    await store.queues.purge("q")
    assert not (await send("q", [message("h", 41, dedup="x")], 30))[0].duplicate


async def exam_messages_are_counted(store: Store) -> None:
    counts = store.queues.counts
    assert await counts("q", 1) == Counts(0, 0, 0)
    await store.queues.send("q", [message("a", 5), message("b", 6), message("c", 7), message("d", 8, 90)])
    assert await counts("q", 10) == Counts(3, 0, 1, 5)
    (a, b) = await claim(store, 10, 2)
    assert await counts("q", 11) == Counts(1, 2, 1, 5)
    await store.queues.settle("q", [(a.receipt, None), (b.receipt, 12)], 11)
    assert await counts("q", 12) == Counts(2, 0, 1, 6)
    assert await counts("q", 90) == Counts(3, 0, 0, 6)


async def exam_visible_messages_are_moved(store: Store) -> None:
    await store.queues.send("q", [message(name) for name in "abcd"])
    (a,) = await claim(store, 10, 1)
    assert await store.queues.move("q", "to", 2, 20) == 2
    assert await store.queues.counts("q", 20) == Counts(1, 1, 0, 1)
    moved = await claim(store, 20, queue="to")
    assert [(m.id, m.receives, m.sent) for m in moved] == [("b", 1, 20), ("c", 1, 20)]
    assert await store.queues.settle("q", [(a.receipt, None)], 21) == ["done"]
    assert await store.queues.move("q", "to", 10, 22) == 1
    assert await store.queues.move("q", "to", 10, 22) == 0
    assert await store.queues.move("nobody", "to", 10, 22) == 0


async def exam_messages_received_too_often_are_moved_with_their_counts(store: Store) -> None:
    await store.queues.send("q", [message("a")])
    await claim(store, 10)
    await claim(store, 40)
    await store.queues.send("q", [message("b")])
    await claim(store, 40)
    assert await store.queues.move("q", "dead", 10, 69, 2) == 0
    assert await store.queues.move("q", "dead", 10, 70, 2) == 1
    assert await store.queues.move("q", "dead", 10, 70, 2) == 0
    assert await store.queues.move("nobody", "dead", 10, 70, 2) == 0
    (dead,) = await claim(store, 70, queue="dead")
    assert (dead.id, dead.receives, dead.first_received, dead.sent) == ("a", 3, 10, 1)
    assert ids(await claim(store, 70)) == ["b"]


async def exam_a_claim_can_let_the_count_of_dead_messages_go_on(store: Store) -> None:
    await store.queues.send("q", [message("a")])
    await claim(store, 10)
    assert await store.queues.claim("q", Claim(10, 40, 70, "t", False, "dead", 1, True)) == []
    (dead,) = await claim(store, 40, queue="dead")
    assert (dead.receives, dead.first_received) == (2, 10)
    assert await store.queues.settle("dead", [(dead.receipt, None)], 41) == ["done"]


async def exam_what_is_kept_of_a_dead_message_can_carry_its_count(store: Store) -> None:
    await store.queues.send("q", [message("a")])
    await claim(store, 10)

    def carry(attributes: bytes, receives: int) -> bytes:
        return attributes + b"%d" % receives

    assert await store.queues.claim("q", Claim(10, 40, 70, "t", False, "dead", 1, carry=carry)) == []
    (dead,) = await claim(store, 40, queue="dead")
    assert (dead.receives, dead.attributes) == (1, b"\x011")
    assert await store.queues.settle("dead", [(dead.receipt, None)], 41) == ["done"]


async def exam_a_queue_is_purged(store: Store) -> None:
    await store.queues.send("q", [message(name, sent) for name, sent in zip("abcd", (1, 9, 2, 8), strict=True)])
    assert await store.queues.purge("q", 8) == 2
    assert await store.queues.purge("q", 8) == 0
    assert sorted(ids(await claim(store, 10))) == ["b", "d"]
    assert await store.queues.purge("q") == 2
    assert await store.queues.counts("q", 10) == Counts(0, 0, 0)
    assert await store.queues.purge("nobody") == 0
    assert await store.queues.purge("nobody", 5) == 0
    await store.queues.send("q", [message(f"{number}") for number in range(20)])
    await store.wipe()
    assert await claim(store, 10) == []
    assert await store.queues.counts("q", 10) == Counts(0, 0, 0)


QUEUE_EXAMS = (
    exam_a_message_is_received_as_it_was_sent,
    exam_sequences_rise_even_when_the_queue_is_emptied,
    exam_claims_take_the_oldest_first_and_once,
    exam_a_claimed_message_comes_back_when_not_deleted,
    exam_only_the_latest_receipt_counts,
    exam_a_message_can_be_given_back,
    exam_a_message_goes_to_the_dead_queue_after_its_receives,
    exam_a_group_waits_for_its_claimed_message,
    exam_a_group_does_not_overtake_a_delayed_message,
    exam_a_free_group_is_found_behind_a_blocked_one,
    exam_a_group_goes_on_after_its_dead_message,
    exam_a_duplicate_is_answered_but_not_sent,
    exam_messages_are_counted,
    exam_visible_messages_are_moved,
    exam_messages_received_too_often_are_moved_with_their_counts,
    exam_a_claim_can_let_the_count_of_dead_messages_go_on,
    exam_what_is_kept_of_a_dead_message_can_carry_its_count,
    exam_a_queue_is_purged,
)
