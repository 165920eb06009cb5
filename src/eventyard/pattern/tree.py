"""The index: rules as a decision tree that grows and shrinks with them.

A node divides its rules by the fields that divide them best, each through tables (``tables``), and tests one by one
the few that are left. How, it decides when an event first reaches it; later rules go the ways that are there. So a
change touches one way down the tree, and nothing is ever built anew as a whole, unless the rules have become quite
others than those a node was divided for. Events with arrays walk the same tree for candidates, which are then
evaluated in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from itertools import islice
from typing import Any

import msgspec
from msgspec import UNSET

from eventyard.pattern.code import Run, Source, check
from eventyard.pattern.operators import Scalar
from eventyard.pattern.structure import Branch, Condition, Path, leaves
from eventyard.pattern.tables import Facet, Grams, Leftovers, Ranges, Table, facets

FEW = 4
"""As many rules are tested one by one rather than sent on."""
SAMPLE = 256
"""As many of a node's rules say well enough by which field to divide it."""

Found = Callable[[Path], list[Scalar]]


class Rule(msgspec.Struct, frozen=True, gc=False):
    """A branch of a pattern on its way down: how it can still be divided, and what must be tested where it ends.

    Like all that a rule consists of it is hidden from the garbage collector (``gc=False``), which would stop everything
    to go through some hundred thousand objects. That is safe because none of them can come to hold itself."""

    slot: int
    branch: Branch
    open: tuple[Facet, ...]
    kept: tuple[Condition, ...]

    @property
    def conditions(self) -> list[Condition]:
        return [facet.condition for facet in self.open if not facet.hint] + list(self.kept)


def enter(slot: int, branch: Branch) -> Rule:
    """A rule as it stands at the root."""
    ways = [facet for condition in branch for facet in facets(condition)]
    kept = {id(facet.condition): facet.condition for facet in ways if facet.hint}
    return Rule(slot, branch, tuple(ways), tuple(kept.values()))


def _table(kind: str, length: int) -> Table[Node]:
    match kind:
        case "range":
            return Ranges(kind, length)
        case "gram":
            return Grams(kind, length)
        case "tests":
            return Leftovers(kind, length, check)
    return Table(kind, length)


class Switch:
    """Rules divided by their conditions on one path."""

    __slots__ = ("aspect", "path", "tables", "tree")

    def __init__(self, path: Path, aspect: str, tree: Tree) -> None:
        self.path = path
        self.aspect = aspect
        self.tree = tree
        self.tables: dict[tuple[str, int], Table[Node]] = {}

    def facet(self, rule: Rule) -> Facet | None:
        """What ``rule`` goes by here; None if it does not go here."""
        for facet in rule.open:
            if facet.path == self.path and facet.aspect == self.aspect:
                return facet
        return None

    def add(self, rule: Rule, facet: Facet) -> bool:
        """Whether this took a table more."""
        kept = rule.kept if facet.decides or facet.hint else (*rule.kept, facet.condition)
        below = Rule(rule.slot, rule.branch, tuple(each for each in rule.open if each is not facet), kept)
        more = False
        for place in facet.places:
            at = place.kind, place.length
            table = self.tables.get(at)
            if table is None:
                more = True
                table = self.tables[at] = _table(*at)
            node = table.nodes.get(place.key)
            if node is None:
                node = Node(self.tree)
                table.put(place.key, node, facet.condition)
            node.add(below)
        return more

    def remove(self, rule: Rule, facet: Facet) -> bool:
        """Whether this left a table fewer."""
        fewer = False
        for place in facet.places:
            at = place.kind, place.length
            table = self.tables.get(at)
            node = table.nodes.get(place.key) if table is not None else None
            if table is None or node is None:
                continue
            node.remove(rule.slot)
            if not node.rules:
                table.drop(place.key)
                if not table.nodes:
                    del self.tables[at]
                    fewer = True
        return fewer


class Node:
    """Some rules, by slot; ``rest`` are those no switch takes, and ``bunches`` what the rest spilt when it was many."""

    __slots__ = ("bunches", "divided", "rest", "rules", "run", "switches", "tree")

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.rules: dict[int, Rule] = {}
        self._collapse()

    def _collapse(self) -> None:
        self.rest = self.rules
        self.switches: list[Switch] = []
        self.bunches: list[Node] = []
        self.divided = 0
        """How many rules there were when it was decided how to divide them; 0: not yet."""
        self.run: Run = self._first_run

    def add(self, rule: Rule) -> None:
        self.rules[rule.slot] = rule
        if not self.divided:
            return
        if len(self.rules) > 4 * self.divided + self.tree.many:
            self._review()
            if not self.divided:
                return
        for switch in self.switches:
            if (facet := switch.facet(rule)) is not None:
                if switch.add(rule, facet):
                    self.run = self._first_run
                return
        self.rest[rule.slot] = rule
        self.run = self._first_run

    def remove(self, slot: int) -> None:
        rule = self.rules.pop(slot, None)
        if rule is None or not self.divided:
            return
        if 4 * len(self.rules) + self.tree.many < self.divided:
            self._review()
        if self.rest is self.rules or self.rest.pop(slot, None) is not None:
            self.run = self._first_run
            return
        for bunch in self.bunches:
            if slot in bunch.rules:
                bunch.remove(slot)
                if not bunch.rules:
                    self.bunches.remove(bunch)
                    self.run = self._first_run
                return
        for switch in self.switches:
            if (facet := switch.facet(rule)) is not None:
                if switch.remove(rule, facet):
                    if not switch.tables:
                        self.switches.remove(switch)
                    self.run = self._first_run
                return

    def _review(self) -> None:
        """Start again if by now another field divides the rules best."""
        first = (self.switches[0].path, self.switches[0].aspect) if self.switches else None
        if best(self.rules.values()) == first and len(self.bunches) <= 1:
            self.divided = max(len(self.rules), 1)
        else:
            self._collapse()

    def _divide(self) -> None:
        few = self.tree.few
        while len(self.rest) > few and (choice := best(self.rest.values())) is not None:
            switch = Switch(*choice, self.tree)
            left: dict[int, Rule] = {}
            for slot, rule in self.rest.items():
                if (facet := switch.facet(rule)) is None:
                    left[slot] = rule
                else:
                    switch.add(rule, facet)
            self.rest = left
            self.switches.append(switch)
        if len(self.rest) > self.tree.many:
            spilt = [rule for rule in self.rest.values() if rule.open or rule.kept]
            self.rest = {slot: rule for slot, rule in self.rest.items() if not (rule.open or rule.kept)}
            for start in range(0, len(spilt), self.tree.many):
                self.bunches.append(Bunch(self.tree, spilt[start : start + self.tree.many]))
        self.divided = max(self.divided, len(self.rules), 1)

    def _first_run(self, event: Any, out: list[int]) -> None:
        self._divide()
        source = Source(self.tree.attributes)
        for switch in self.switches:
            source.switch(switch.path, switch.tables.values())
        self._write_rest(source)
        for bunch in self.bunches:
            source.call(bunch)
        self.run = source.function()
        self.run(event, out)

    def _write_rest(self, source: Source) -> None:
        sure = []
        for rule in self.rest.values():
            if conditions := rule.conditions:
                source.rule(rule.slot, conditions)
            else:
                sure.append(rule.slot)
        source.rules(sure)

    def candidates(self, found: Found, out: dict[int, Branch]) -> None:
        """Every rule that could match given the values found at each path, in any array."""
        if not self.divided:
            self._divide()
        for slot, rule in self.rest.items():
            out[slot] = rule.branch
        for bunch in self.bunches:
            bunch.candidates(found, out)
        for switch in self.switches:
            for value in found(switch.path) or (UNSET,):
                for table in switch.tables.values():
                    for node in table.find(value):
                        node.candidates(found, out)


class Bunch(Node):
    """Rules that nothing divides."""

    __slots__ = ()

    def __init__(self, tree: Tree, rules: list[Rule]) -> None:
        super().__init__(tree)
        self.rules.update({rule.slot: rule for rule in rules})

    def _divide(self) -> None:
        self.divided = len(self.rules)


def best(rules: Collection[Rule]) -> tuple[Path, str] | None:
    """The path, with the aspect, that takes most rules off the list and spreads them widest."""
    keys: dict[tuple[Path, str], Counter[tuple[str, int, Any]]] = {}
    weights: dict[tuple[Path, str], float] = {}
    covered: Counter[tuple[Path, str]] = Counter()
    for rule in islice(rules, 0, None, max(len(rules) // SAMPLE, 1)):
        for facet in rule.open:
            at = facet.path, facet.aspect
            if at not in keys:
                keys[at] = Counter()
                weights[at] = 0.0
            for place in facet.places:
                keys[at][place.kind, place.length, place.key] += 1
            covered[at] += 1
            weights[at] += facet.weight
    choice, most = None, 2.0
    for at, count in covered.items():
        different = len(keys[at])
        if at[1] == "tests":
            score = (count - 4 * different) * 0.25
        else:
            score = (count - max(keys[at].values()) + (1 if different > 1 else 0)) * weights[at] / count
        if score > most:
            choice, most = at, score
    return choice


class Tree:
    """An index over rules whose values ``attributes`` tells how to reach in a decoded event."""

    def __init__(self, attributes: dict[Path, str], few: int = FEW) -> None:
        self.attributes = attributes
        self.few = few
        self.many = 8 * few
        self.root = Node(self)

    def candidates(self, event: Any) -> dict[int, Branch]:
        """Branches to evaluate, by slot: those that an event with arrays may match."""
        known: dict[Path, list[Scalar]] = {}

        def found(path: Path) -> list[Scalar]:
            if path not in known:
                known[path] = leaves(event, path)
            return known[path]

        out: dict[int, Branch] = {}
        self.root.candidates(found, out)
        return out
