"""The index: rules as a decision tree, each node a generated function, made when an event first reaches it.

A node sends an event on by the value of its most telling fields (hash look-ups for equality, prefixes, suffixes and
lower-cased text) and tests what is left one by one. Generated code holds names of constants and local variables
only. Events with arrays walk the same tree for candidates, which are then evaluated in full.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from eventyard.pattern.operators import EqualsIgnoreCase, Exact, Prefix, Scalar, Suffix, Test, any_of
from eventyard.pattern.structure import Branch, Condition, Path, leaves

Rule = tuple[int, Branch, Branch]
"""Identity, the whole branch, and the conditions not yet decided on the way to this node."""
Run = Callable[[Any, list[int]], None]
Found = Callable[[Path], list[Scalar]]

FEW = 4
"""As many rules are tested one by one rather than sent on."""

LOOKUPS: dict[str, str] = {
    "text": "x",
    "number": "x",
    "word": "x",
    "prefix": "x[:{n}]",
    "suffix": "x[-{n}:]",
    "folded": "x.lower()",
    "folded prefix": "x.lower()[:{n}]",
    "folded suffix": "x.lower()[-{n}:]",
}


def placement(test: Test) -> tuple[str, int, Scalar] | None:
    """The look-up table a test belongs in (kind and length of the text) and its key there, or None.

    Numbers and the words true, false and null are kinds of their own: to a dict True and 1 are the same key.
    """
    match test:
        case Exact(value):
            if isinstance(value, str):
                return "text", 0, value
            return "word" if value is None or isinstance(value, bool) else "number", 0, value
        case Prefix(text) if text:
            return "folded prefix" if test.ignore_case else "prefix", len(text), text
        case Suffix(text) if text:
            return "folded suffix" if test.ignore_case else "suffix", len(text), text
        case EqualsIgnoreCase(text):
            return "folded", 0, text
    return None


def lookup(kind: str, length: int, value: Scalar) -> Scalar:
    """The key a value has in a table, for the walk in Python; tables keep values of one type only."""
    if kind == "word":
        return value if value is None or isinstance(value, bool) else ""
    if kind == "number":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else ""
    if not isinstance(value, str):
        return None
    if kind.startswith("folded"):
        value = value.lower()
    if kind.endswith("prefix"):
        return value[:length]
    return value[-length:] if kind.endswith("suffix") else value


class Node:
    """Some rules, divided by the fields that divide them best."""

    __slots__ = ("attributes", "rest", "run", "switches")

    def __init__(self, rules: list[Rule], attributes: dict[Path, str]) -> None:
        self.attributes = attributes
        self.switches: list[tuple[Path, dict[tuple[str, int], dict[Scalar, Node]]]] = []
        while len(rules) > FEW and (path := best_path(rules)) is not None:
            tables, rules = divide(rules, path)
            self.switches.append(
                (path, {at: {k: Node(cell, attributes) for k, cell in t.items()} for at, t in tables.items()})
            )
        self.rest = rules
        self.run: Run = self._first_run

    def _first_run(self, event: Any, out: list[int]) -> None:
        self.run = generate(self)
        self.run(event, out)

    def candidates(self, found: Found, out: dict[int, list[Branch]]) -> None:
        """Every rule that could match given the values found at each path, in any array."""
        for identity, branch, _ in self.rest:
            out.setdefault(identity, []).append(branch)
        for path, tables in self.switches:
            for value in found(path):
                for (kind, length), table in tables.items():
                    below = table.get(lookup(kind, length, value))
                    if below is not None:
                        below.candidates(found, out)


def dividing(condition: Condition) -> list[tuple[str, int, Scalar]] | None:
    """Where all the tests of a condition belong, or None if one belongs in no table."""
    places = [placement(test) for test in condition.tests]
    return None if None in places else [place for place in places if place is not None]


def best_path(rules: list[Rule]) -> Path | None:
    """The path that takes most rules off the list and spreads them widest."""
    keys: dict[Path, Counter[tuple[str, int, Scalar]]] = defaultdict(Counter)
    covered: Counter[Path] = Counter()
    for _, _, conditions in rules:
        for condition in conditions:
            places = dividing(condition)
            if places is not None:
                covered[condition.path] += 1
                keys[condition.path].update(places)
    best, best_score = None, 2
    for path, count in covered.items():
        score = count - max(keys[path].values()) + (1 if len(keys[path]) > 1 else 0)
        if score > best_score:
            best, best_score = path, score
    return best


def divide(rules: list[Rule], path: Path) -> tuple[dict[tuple[str, int], dict[Scalar, list[Rule]]], list[Rule]]:
    """Rules by table and key of their condition on ``path``, and the rules that have none to go by."""
    tables: dict[tuple[str, int], dict[Scalar, list[Rule]]] = {}
    rest: list[Rule] = []
    for identity, branch, conditions in rules:
        chosen, places = None, None
        for position, condition in enumerate(conditions):
            if condition.path == path and (places := dividing(condition)) is not None:
                chosen = position
                break
        if chosen is None or places is None:
            rest.append((identity, branch, conditions))
            continue
        left = (identity, branch, conditions[:chosen] + conditions[chosen + 1 :])
        for kind, length, key in dict.fromkeys(places):
            tables.setdefault((kind, length), {}).setdefault(key, []).append(left)
    return tables, rest


class _Source:
    """The text of one function and the constants it names."""

    def __init__(self, attributes: dict[Path, str]) -> None:
        self.attributes = attributes
        self.lines = ["def run(e, out):"]
        self.names: dict[str, Any] = {"U": UNSET}
        self.locals: dict[Path, str] = {}

    def constant(self, value: Any) -> str:
        name = f"K{len(self.names)}"
        self.names[name] = value
        return name

    def local(self, path: Path) -> str:
        if path not in self.locals:
            self.locals[path] = f"v{len(self.locals)}"
            self.lines.append(f" {self.locals[path]} = e{self.attributes[path]}")
        return self.locals[path]

    def function(self) -> Run:
        if len(self.lines) == 1:
            self.lines.append(" pass")
        exec(compile("\n".join(self.lines), "<pattern index>", "exec"), self.names)
        run: Run = self.names["run"]
        return run


def generate(node: Node) -> Run:
    """The function of one node: appends the identities of its rules that an event without arrays matches."""
    source = _Source(node.attributes)
    for path, tables in node.switches:
        _generate_switch(source, source.local(path), tables)
    shared: dict[Condition | None, list[Rule]] = {}
    for rule in node.rest:
        # Equal conditions may be the same to a dict yet differ in true and 1, hence only those on text are shared.
        first = next((c for c in rule[2] if _on_text(c)), None)
        shared.setdefault(first, []).append(rule)
    for path in dict.fromkeys(c.path for rule in node.rest for c in rule[2]):
        source.local(path)
    for first, rules in shared.items():
        indent = " "
        if first is not None and len(rules) > 1:
            source.lines.append(f" if {_condition(source, first)}:")
            indent = "  "
        for identity, _, conditions in rules:
            left = [c for c in conditions if len(rules) == 1 or c != first]
            test = " and ".join(f"({_condition(source, c)})" for c in left) or "True"
            source.lines.append(f"{indent}if {test}: out.append({identity})")
    return source.function()


def _on_text(condition: Condition) -> bool:
    return all(not isinstance(t, Exact) or isinstance(t.value, str) for t in condition.tests) and all(
        isinstance(t, Exact | Prefix | Suffix | EqualsIgnoreCase) for t in condition.tests
    )


def _condition(source: _Source, condition: Condition) -> str:
    return any_of(condition.tests, source.local(condition.path), source.constant)


def _generate_switch(source: _Source, name: str, tables: dict[tuple[str, int], dict[Scalar, Node]]) -> None:
    by_type = {
        f"{name}.__class__ is str": [at for at in tables if at[0] not in ("number", "word")],
        f"{name}.__class__ is int or {name}.__class__ is float": [at for at in tables if at[0] == "number"],
        f"{name} is None or {name}.__class__ is bool": [at for at in tables if at[0] == "word"],
    }
    for test, places in by_type.items():
        if not places:
            continue
        source.lines.append(f" if {test}:")
        for kind, length in places:
            key = LOOKUPS[kind].format(n=length).replace("x", name, 1)
            source.lines.append(f"  n = {source.constant(tables[kind, length].get)}({key})")
            source.lines.append("  if n is not None: n.run(e, out)")


class Tree:
    """An index over rules that all fit one typed decoder."""

    def __init__(self, rules: list[tuple[int, Branch]], attributes: dict[Path, str]) -> None:
        self.root = Node([(identity, branch, branch) for identity, branch in rules], attributes)

    def candidates(self, event: Any) -> dict[int, list[Branch]]:
        """Rules, with the branches to evaluate, that an event with arrays may match."""
        known: dict[Path, list[Scalar]] = {}

        def found(path: Path) -> list[Scalar]:
            if path not in known:
                known[path] = leaves(event, path)
            return known[path]

        out: dict[int, list[Branch]] = {}
        self.root.candidates(found, out)
        return out
