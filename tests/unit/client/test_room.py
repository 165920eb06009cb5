"""Room that is bounded and given in the order in which it was asked for."""

from __future__ import annotations

import asyncio

import pytest

from eventyard.client.room import Room


async def _turn() -> None:
    await asyncio.sleep(0)


def _ask(room: Room, name: str, entered: list[str], size: int = 1) -> asyncio.Task[None]:
    async def enter() -> None:
        if not room.take_now(size):
            await room.take(size)
        entered.append(name)

    return asyncio.create_task(enter())


async def test_who_comes_first_enters_first_also_past_those_who_were_called_but_have_not_moved() -> None:
    room, entered = Room(2, 100), list[str]()
    assert room.take_now(1)
    assert room.take_now(1)
    first = _ask(room, "first", entered)
    await _turn()
    room.give(1)
    room.give(1)
    # There is room for another now, but "first" was called and has not moved yet.
    assert not room.take_now(1)
    second = _ask(room, "second", entered)
    await asyncio.gather(first, second)
    assert entered == ["first", "second"]


async def test_bytes_count_and_one_that_is_too_large_enters_alone() -> None:
    room, entered = Room(10, 100), list[str]()
    assert room.take_now(60)
    large, small = _ask(room, "large", entered, 500), _ask(room, "small", entered)
    await _turn()
    assert entered == []
    room.give(60)
    await large
    await _turn()
    assert entered == ["large"]
    room.give(500)
    await small


@pytest.mark.parametrize("called", [False, True])
async def test_who_leaves_the_line_holds_nobody_up(called: bool) -> None:
    room, entered = Room(1, 100), list[str]()
    assert room.take_now(1)
    leaver, stayer = _ask(room, "leaver", entered), _ask(room, "stayer", entered)
    await _turn()
    if called:
        room.give(1)
        leaver.cancel()
    else:
        leaver.cancel()
        await _turn()
        room.give(1)
    await asyncio.gather(leaver, stayer, return_exceptions=True)
    assert entered == ["stayer"]
    room.give(1)
    await asyncio.wait_for(room.emptied(), 5)
    assert room.take_now(1)
