"""The layout of flows: every edge is there, boxes are apart, and what goes in circles is drawn once round."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from eventyard.contract import Contract
from eventyard.contracts.catalogue.flow import Flow, flow


def contract(publisher: str, name: str, *subscribers: str) -> Contract:
    return Contract(type=name, publisher=publisher, source="s", schema=True, subscribers=subscribers)


def company(events: int, services: int, seed: int) -> list[Contract]:
    random = Random(seed)
    names = [f"service{number}" for number in range(services)]
    return [
        contract(random.choice(names), f"Event{number}", *random.sample(names, random.randint(0, 3)))
        for number in range(events)
    ]


def layer_of(found: Flow) -> dict[tuple[str, str], int]:
    return {node: at for at, layer in enumerate(found.layers) for node in layer}


def test_a_flow_goes_down_from_publisher_over_event_to_subscriber() -> None:
    found = flow([contract("a", "X", "b"), contract("b", "Y", "c")])
    assert found.layers == (
        (("service", "a"),),
        (("event", "s@X"),),
        (("service", "b"),),
        (("event", "s@Y"),),
        (("service", "c"),),
    )
    assert not any(edge.back for edge in found.edges)


def test_only_what_closes_a_circle_leads_back() -> None:
    found = flow([contract("a", "X", "b"), contract("b", "Y", "c"), contract("c", "Z", "b", "d")])
    assert [(edge.start[1], edge.end[1]) for edge in found.edges if edge.back] == [("s@Z", "b")]


def test_who_receives_what_it_publishes_is_drawn_once() -> None:
    found = flow([contract("a", "X", "a")])
    assert sorted(found.columns) == [("event", "s@X"), ("service", "a")]
    assert sum(edge.back for edge in found.edges) == 1


def test_who_receives_nearly_everything_is_told_and_not_drawn() -> None:
    contracts = [
        contract("a", f"E{number}", "capture", "b") if number else contract("b", "E0", "capture") for number in range(7)
    ]
    found = flow(contracts)
    assert found.everywhere == ("capture",)
    assert ("service", "b") in found.columns  # it publishes, too
    assert ("service", "capture") not in found.columns


def test_versions_of_an_event_are_one() -> None:
    found = flow([contract("a", "X", "b"), contract("a", "X", "b", "c")])
    assert len(found.edges) == 3


def test_nothing_is_no_flow() -> None:
    assert flow([]).layers == ()


@pytest.mark.parametrize("seed", range(8))
def test_boxes_of_a_layer_are_apart_and_every_edge_leads_on(seed: int) -> None:
    contracts = company(events=10 + 8 * seed, services=4 + 2 * seed, seed=seed)
    found = flow(contracts)
    layers = layer_of(found)
    assert layers.keys() == found.columns.keys()
    for layer in found.layers:
        places = sorted(found.columns[node] for node in layer)
        assert all(right - left > 0.999 for left, right in pairwise(places))
    drawn = {(edge.start, edge.end) for edge in found.edges}
    assert len(drawn) == len(found.edges)
    for edge in found.edges:
        start, end = (edge.end, edge.start) if edge.back else (edge.start, edge.end)
        assert layers[start] < layers[end]
        assert len(found.bends[edge]) == layers[end] - layers[start] - 1
    for each in contracts:
        assert (("service", each.publisher), ("event", each.name)) in drawn
        for subscriber in set(each.subscribers) - set(found.everywhere):
            assert (("event", each.name), ("service", subscriber)) in drawn


def test_an_edge_passes_no_box_of_the_layers_on_its_way() -> None:
    found = flow(company(events=60, services=20, seed=3))
    for bends in found.bends.values():
        for layer, column in bends:
            assert all(abs(found.columns[node] - column) > 0.6 for node in found.layers[layer])


def test_the_same_contracts_give_the_same_picture() -> None:
    contracts = company(events=30, services=12, seed=5)
    assert flow(contracts) == flow(contracts)
