"""A flow as SVG that stands in a page: boxes that are links, and lines in between."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from markupsafe import Markup, escape

from eventyard.contracts.catalogue.flow import Edge, Flow, Key

_WIDTH, _HEIGHT = 184, 32
_ACROSS, _DOWN = 200, 72
_MARGIN = 16
#: A picture so wide is still readable when it's made as wide as the page.
_FITS = 1_600
_LONGEST = 24


def drawn(flow: Flow, link: Callable[[Key], str], label: Callable[[Key], str], about: str) -> Markup:
    """``link`` and ``label``: the address and the text of a node. ``about``: what the picture shows, for those who
    don't see it."""
    columns = max(
        (*flow.columns.values(), *(column for each in flow.bends.values() for _, column in each)), default=0.0
    )
    width = int(columns * _ACROSS) + _WIDTH + 2 * _MARGIN
    height = len(flow.layers) * _DOWN - (_DOWN - _HEIGHT) + 2 * _MARGIN
    at = {
        node: (_MARGIN + flow.columns[node] * _ACROSS, float(_MARGIN + layer * _DOWN))
        for layer, nodes in enumerate(flow.layers)
        for node in nodes
    }
    numbers = {node: number for number, node in enumerate(at)}
    lines = Markup("").join(_line(edge, flow, at, numbers) for edge in flow.edges)
    boxes = Markup("").join(_box(node, *place, numbers[node], link(node), label(node)) for node, place in at.items())
    return Markup(
        '<svg class="{kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group"'
        ' aria-label="{about}">'
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8Z"/></marker></defs>{lines}{boxes}</svg>'
    ).format(
        kind="flow fits" if width <= _FITS else "flow",
        width=width,
        height=height,
        about=about,
        lines=lines,
        boxes=boxes,
    )


def _box(node: Key, x: float, y: float, number: int, link: str, label: str) -> Markup:
    shown = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
    return Markup(
        '<a href="{link}" class="{kind}" data-node="{number}"><title>{kind} {label}</title>'
        '<rect x="{x:.0f}" y="{y:.0f}" width="{width}" height="{height}" rx="{round}"/>'
        '<text x="{middle:.0f}" y="{base:.0f}">{shown}</text></a>'
    ).format(
        link=link,
        kind=node[0],
        number=number,
        label=label,
        shown=shown,
        x=x,
        y=y,
        width=_WIDTH,
        height=_HEIGHT,
        round=5 if node[0] == "service" else _HEIGHT // 2,
        middle=x + _WIDTH / 2,
        base=y + _HEIGHT / 2 + 5,
    )


def _line(edge: Edge, flow: Flow, at: dict[Key, tuple[float, float]], numbers: dict[Key, int]) -> Markup:
    (start_x, start_y), (end_x, end_y) = at[edge.start], at[edge.end]
    half = _WIDTH / 2
    points = [(start_x + half, start_y + (0 if edge.back else _HEIGHT))]
    for layer, column in flow.bends[edge]:
        x, y = _MARGIN + column * _ACROSS + half, float(_MARGIN + layer * _DOWN)
        ends = [(x, y), (x, y + _HEIGHT)]
        points += ends[::-1] if edge.back else ends
    points.append((end_x + half, end_y + (_HEIGHT if edge.back else 0)))
    path = [f"M{points[0][0]:.0f} {points[0][1]:.0f}"]
    for place, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        if place % 2:  # through a layer
            path.append(f"L{to_x:.0f} {to_y:.0f}")
        else:
            middle = (y + to_y) / 2
            path.append(f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}")
    return Markup(
        '<path class="{kind}" d="{path}" data-from="{start}" data-to="{end}" marker-end="url(#end)"/>'
    ).format(
        kind=escape("line back" if edge.back else "line"),
        path=" ".join(path),
        start=numbers[edge.start],
        end=numbers[edge.end],
    )
