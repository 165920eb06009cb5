"""Warns of rules that send events round from bus to bus, when a rule or its targets change. It changes nothing.

How far an event gets all the same, the target that sends it on decides.
"""

from __future__ import annotations

import structlog

from eventyard.bus.directory import Directory

log = structlog.get_logger("bus.cycles")

_BUS = ":event-bus/"


class Cycles:
    """Looks at each rule that changes."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def watch(self) -> None:
        self._directory.listen(self._look)

    def _look(self, bus: str, rule: str) -> None:
        for target in _buses_behind(self._directory, bus, rule):
            cycle = find_cycle(self._directory, bus, target)
            if cycle is not None:
                log.warning("rules send events round in a cycle", cycle=" -> ".join(cycle), rule=rule)


def find_cycle(directory: Directory, bus: str, target: str) -> list[str] | None:
    """The shortest way from ``bus`` by ``target`` back to ``bus`` along enabled rules; None if there is none."""
    ways, seen = [[bus, target]], {target}
    for way in ways:  # breadth first: the list grows while it is walked
        if way[-1] == bus:
            return way
        for rule in directory.rules(way[-1]):
            for following in _buses_behind(directory, way[-1], rule.name):
                if following not in seen:
                    seen.add(following)
                    ways.append([*way, following])
    return None


def _buses_behind(directory: Directory, bus: str, name: str) -> list[str]:
    rule = directory.rule(bus, name)
    if rule is None or not rule.enabled:
        return []
    return [target.arn for target in directory.targets(bus, name) if _BUS in target.arn]
