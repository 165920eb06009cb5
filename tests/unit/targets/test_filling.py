"""Texts with places for what an event says, and parts of a batch."""

from __future__ import annotations

import msgspec
import pytest

from eventyard.errors import InvalidRequest
from eventyard.target import Delivery
from eventyard.targets.filling import Filling
from eventyard.targets.session import copy_id, in_parts

EVENT = b'{"source":"cars","detail":{"vin":"V\\u00e4","price":9500,"sold":true,"none":null,"tags":["a"]}}'


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("lots", "lots"),
        ("<$.source>", "cars"),
        ("lots.<$.source>.<$.detail.vin>", "lots.cars.Vä"),
        ("<$.detail.price>-<$.detail.sold>", "9500-true"),
        ("<$.detail.tags[0]>", "a"),
        ("<$.detail.tags>", '["a"]'),
        ("a<b>c", "a<b>c"),
    ],
)
def test_places_are_filled(text: str, filled: str) -> None:
    assert Filling(text).of(EVENT) == filled


@pytest.mark.parametrize("text", ["<$.detail.missing>", "x.<$.detail.none>", "<$.detail.vin.deeper>"])
def test_an_event_with_a_hole_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="The event has nothing at"):
        Filling(text).of(EVENT)


def test_a_path_that_can_not_be_read_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="can't be read"):
        Filling("a.<$.b c>")


def test_parts_keep_order_number_and_size() -> None:
    assert in_parts([], len, 2, 10) == []
    assert in_parts(["a", "b", "c"], len, 2, 10) == [["a", "b"], ["c"]]
    assert in_parts(["aaaa", "bbbb", "cc", "d" * 20, "e"], len, 9, 8) == [["aaaa", "bbbb"], ["cc"], ["d" * 20], ["e"]]


def test_a_delivery_is_told_from_all_others_but_itself() -> None:
    item = Delivery("id", b"{}", rule="one")
    assert copy_id(item) == copy_id(msgspec.structs.replace(item, trace="Root=1"))
    others = [
        Delivery("other", b"{}", rule="one"),
        Delivery("id", b"[]", rule="one"),
        Delivery("id", b"{}", rule="two"),
    ]
    assert len({copy_id(item), *map(copy_id, others)}) == 4
    assert len(copy_id(Delivery("0" * 36, b"", rule="r" * 900))) <= 80, (
        "the name of an execution has at most 80 letters"
    )
