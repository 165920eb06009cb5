"""Who publishes what and who receives it, as a graph in layers from top to bottom.

The layout is Sugiyama's: turn round what goes in circles, give each node a layer by the longest way to it, put
invisible nodes on edges that cross layers, order each layer by the middle of its neighbours, and then place them.
(Sugiyama, Tagawa, Toda: Methods for Visual Understanding of Hierarchical System Structures, 1981.)"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from eventyard.contract import Contract

_SWEEPS = 12
#: Who receives so much of everything says nothing about the flow, and would draw a line to each event.
_CATCH_ALL = 0.6
_FEW = 5

Key = tuple[str, str]
"""("service" or "event", its name)."""


class Edge(msgspec.Struct, frozen=True):
    """``back``: it leads back to where the flow came from."""

    start: Key
    end: Key
    back: bool = False


class Flow(msgspec.Struct, frozen=True):
    """``layers``: nodes from top to bottom, each layer from left to right. ``columns``: how far right each node is; two
    in a layer are one apart at least. ``bends``: the (layer, column) pairs that an edge passes on its way."""

    layers: tuple[tuple[Key, ...], ...]
    columns: dict[Key, float]
    edges: tuple[Edge, ...]
    bends: dict[Edge, tuple[tuple[int, float], ...]]
    everywhere: tuple[str, ...] = ()


def flow(contracts: Iterable[Contract]) -> Flow:
    """The flow of ``contracts``. Services that receive nearly everything and publish nothing are told in
    ``everywhere``, not drawn."""
    known = list(contracts)
    names = {contract.name for contract in known}
    publishers = {contract.publisher for contract in known}
    received: dict[str, set[str]] = {}
    for contract in known:
        for subscriber in contract.subscribers:
            received.setdefault(subscriber, set()).add(contract.name)
    everywhere = tuple(
        sorted(
            service
            for service, events in received.items()
            if service not in publishers and len(names) > _FEW and len(events) >= _CATCH_ALL * len(names)
        )
    )
    pairs = dict.fromkeys(
        pair
        for contract in known
        for pair in (
            (("service", contract.publisher), ("event", contract.name)),
            *(
                (("event", contract.name), ("service", subscriber))
                for subscriber in contract.subscribers
                if subscriber not in everywhere
            ),
        )
    )
    return _laid_out(list(pairs), everywhere)


def _laid_out(pairs: Sequence[tuple[Key, Key]], everywhere: tuple[str, ...]) -> Flow:
    turned = _turned(pairs)
    forward = [(end, start) if (start, end) in turned else (start, end) for start, end in pairs]
    layer = _layers(forward)
    # What passes a layer gets a node there, that nobody sees.
    chains: dict[tuple[Key, Key], list[Key]] = {}
    links: list[tuple[Key, Key]] = []
    for start, end in forward:
        passing: list[Key] = []
        for at in range(layer[start] + 1, layer[end]):
            node = ("", f"{at}\0{start}\0{end}")
            layer[node] = at
            passing.append(node)
        chains[start, end] = passing
        way = [start, *passing, end]
        links += list(pairwise(way))
    ordered = _ordered(layer, links)
    columns = _columns(ordered, links)
    edges, bends = [], {}
    for start, end in pairs:
        edge = Edge(start, end, (start, end) in turned)
        way = chains[end, start][::-1] if edge.back else chains[start, end]
        edges.append(edge)
        bends[edge] = tuple((layer[node], columns[node]) for node in way)
    shown = tuple(tuple(node for node in each if node[0]) for each in ordered)
    return Flow(shown, {node: column for node, column in columns.items() if node[0]}, tuple(edges), bends, everywhere)


def _turned(pairs: Sequence[tuple[Key, Key]]) -> set[tuple[Key, Key]]:
    """The edges that close a circle: those in one that don't lead away from where the flow begins."""
    after: dict[Key, list[Key]] = {}
    for start, end in pairs:
        after.setdefault(start, []).append(end)
        after.setdefault(end, [])
    steps = _steps(after)
    reached: dict[Key, set[Key]] = {}

    def reaches(start: Key, end: Key) -> bool:
        if start not in reached:
            reached[start] = set(_steps(after, [start]))
        return end in reached[start]

    return {(start, end) for start, end in pairs if steps[start] >= steps[end] and reaches(end, start)}


def _steps(after: Mapping[Key, Sequence[Key]], roots: Sequence[Key] | None = None) -> dict[Key, int]:
    """How many edges each node is away from the ``roots``: without any, from those whom nothing leads to, and where all
    goes in a circle from the one that least leads to."""
    before = Counter(end for ends in after.values() for end in ends)
    found: dict[Key, int] = {}
    waiting = deque(roots if roots is not None else [node for node in after if not before[node]])
    found.update(dict.fromkeys(waiting, 0))
    left = [] if roots is not None else sorted(after, key=lambda node: (before[node], -len(after[node])), reverse=True)
    while True:
        while waiting:
            node = waiting.popleft()
            for end in after[node]:
                if end not in found:
                    found[end] = found[node] + 1
                    waiting.append(end)
        while left and left[-1] in found:
            left.pop()
        if not left:
            return found
        found[left[-1]] = 0
        waiting.append(left[-1])


def _layers(forward: Iterable[tuple[Key, Key]]) -> dict[Key, int]:
    """The layer of each node: the length of the longest way to it. Services and events take turns."""
    edges = list(forward)
    layer = {node: 0 for pair in edges for node in pair}
    for _ in range(len(layer)):
        moved = False
        for start, end in edges:
            if layer[end] <= layer[start]:
                layer[end] = layer[start] + 1
                moved = True
        if not moved:
            break
    # Who publishes first belongs right before what it publishes.
    for start in {start for start, _ in edges} - {end for _, end in edges}:
        layer[start] = min(layer[end] for each, end in edges if each == start) - 1
    return layer


def _ordered(layer: dict[Key, int], links: Iterable[tuple[Key, Key]]) -> list[list[Key]]:
    """The layers, each in an order that crosses few edges."""
    found: list[list[Key]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node, at in layer.items():
        found[at].append(node)
    left: dict[Key, list[Key]] = {}
    right: dict[Key, list[Key]] = {}
    for start, end in links:
        right.setdefault(start, []).append(end)
        left.setdefault(end, []).append(start)
    best, fewest = [list(each) for each in found], _crossings(found, right)
    for sweep in range(_SWEEPS):
        neighbours = left if sweep % 2 == 0 else right
        for at in range(len(found)) if sweep % 2 == 0 else range(len(found) - 1, -1, -1):
            place = {node: row for each in found for row, node in enumerate(each)}
            found[at].sort(key=lambda node: _middle([place[each] for each in neighbours.get(node, ())], place[node]))
        crossings = _crossings(found, right)
        if crossings < fewest:
            best, fewest = [list(each) for each in found], crossings
    return best


def _crossings(layers: Sequence[Sequence[Key]], right: dict[Key, list[Key]]) -> int:
    place = {node: row for each in layers for row, node in enumerate(each)}
    count = 0
    for each in layers:
        ends = [place[end] for node in each for end in sorted(right.get(node, ()), key=place.__getitem__)]
        count += sum(one > other for at, one in enumerate(ends) for other in ends[at + 1 :])
    return count


def _columns(ordered: Sequence[Sequence[Key]], links: Iterable[tuple[Key, Key]]) -> dict[Key, float]:
    """Columns that draw neighbours below each other, without two nodes of a layer nearer than they may be."""
    columns = {node: float(column) for each in ordered for column, node in enumerate(each)}
    near: dict[Key, list[Key]] = {}
    for start, end in links:
        near.setdefault(start, []).append(end)
        near.setdefault(end, []).append(start)
    for _ in range(_SWEEPS):
        for each in ordered:
            wanted = [_middle([columns[other] for other in near.get(node, ())], columns[node]) for node in each]
            _spread(each, wanted, columns)
    left = min(columns.values(), default=0.0)
    return {node: column - left for node, column in columns.items()}


def _spread(nodes: Sequence[Key], wanted: Sequence[float], columns: dict[Key, float]) -> None:
    """Give ``nodes`` the columns they want as nearly as their order and distances allow: where they are in each other's
    way, as a block in the middle."""
    blocks: list[tuple[list[Key], float, float]] = []  # nodes, width, where the left side wants to be
    for node, column in zip(nodes, wanted, strict=True):
        block, width, start = [node], _width(node), column - _width(node) / 2
        while blocks and blocks[-1][2] + blocks[-1][1] > start:
            others, before, first = blocks.pop()
            start = (first * len(others) + (start - before) * len(block)) / (len(others) + len(block))
            block, width = others + block, before + width
        blocks.append((block, width, start))
    for block, _, start in blocks:
        for node in block:
            columns[node] = start + _width(node) / 2
            start += _width(node)


def _width(node: Key) -> float:
    """An edge that passes needs less room than a box."""
    return 1.0 if node[0] else 0.25


def _middle(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
