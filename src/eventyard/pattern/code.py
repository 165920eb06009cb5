"""The Python that a node of the index runs: written from its structure, never from a user's text.

Everything a function works with comes in as a default argument, so that nodes of the same shape have the same source
and share one compiled code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from msgspec import UNSET

from eventyard.pattern.operators import Number, any_of
from eventyard.pattern.structure import Condition, Path
from eventyard.pattern.tables import Table, address4, address6

Run = Callable[[Any, list[int]], None]

# One for all functions: the interpreter caches look-ups by the dict they go to.
GLOBALS: dict[str, Any] = {
    "__builtins__": {},
    **{each.__name__: each for each in (str, int, float, bool)},
    "U": UNSET,
    "N": Number,
    "address4": address4,
    "address6": address6,
}

CUTS = {
    "text": "{x}",
    "number": "{x}",
    "word": "{x}",
    "presence": "{x} is not U",
    "prefix": "{x}[:{n}]",
    "suffix": "{x}[-{n}:]",
    "folded": "{x}.lower()",
    "folded prefix": "{x}.lower()[:{n}]",
    "folded suffix": "{x}.lower()[-{n}:]",
    "cidr4": "a >> {n}",
    "cidr6": "a >> {n}",
}
FINDERS = ("range", "gram", "tests")
GUARDS = {
    "range": "({x}.__class__ is int or {x}.__class__ is float or {x}.__class__ is N)",
    "number": "({x}.__class__ is int or {x}.__class__ is N)",
    "word": "({x} is None or {x}.__class__ is bool)",
    "presence": "",
    "tests": "",
}
"""What a value must be for a kind of table; any other kind takes strings."""


@lru_cache(maxsize=4096)
def _compiled(source: str) -> CodeType:
    module = compile(source, "<pattern index>", "exec")
    return next(each for each in module.co_consts if isinstance(each, CodeType))


class Source:
    """The text of one function, and the constants it works with."""

    def __init__(self, attributes: dict[Path, str]) -> None:
        self._attributes = attributes
        self._lines: list[str] = []
        self._constants: list[Any] = []
        self._locals: dict[Path, str] = {}

    def constant(self, value: Any) -> str:
        self._constants.append(value)
        return f"K{len(self._constants) - 1}"

    def local(self, path: Path) -> str:
        if path not in self._locals:
            self._locals[path] = f"v{len(self._locals)}"
            self._lines.append(f" {self._locals[path]} = e{self._attributes[path]}")
        return self._locals[path]

    def rule(self, slot: int, conditions: Iterable[Condition]) -> None:
        """A rule that is tested on its own."""
        tests = [f"({any_of(c.tests, self.local(c.path), self.constant)})" for c in conditions]
        self._lines.append(f" if {' and '.join(tests)}: out.append({self.constant(slot)})")

    def rules(self, slots: list[int]) -> None:
        """Rules that all match."""
        if len(slots) == 1:
            self._lines.append(f" out.append({self.constant(slots[0])})")
        elif slots:
            self._lines.append(f" out += {self.constant(tuple(slots))}")

    def call(self, node: Any) -> None:
        self._lines.append(f" {self.constant(node)}.run(e, out)")

    def switch(self, path: Path, tables: Iterable[Table[Any]]) -> None:
        """Go on in the nodes below ``tables`` that the value at ``path`` finds."""
        name = self.local(path)
        guarded: dict[str, list[Table[Any]]] = {}
        for table in sorted(tables, key=lambda table: (table.kind, table.length)):
            guarded.setdefault(GUARDS.get(table.kind, "{x}.__class__ is str"), []).append(table)
        for guard, members in guarded.items():
            indent = " "
            if guard:
                self._lines.append(f" if {guard.format(x=name)}:")
                indent = "  "
            family = ""
            for table in members:
                into = indent
                if table.kind.startswith("cidr"):
                    if table.kind != family:
                        family = table.kind
                        self._lines.append(f"{indent}a = address{family[-1]}({name})")
                        self._lines.append(f"{indent}if a is not None:")
                    into = indent + " "
                self._table(name, table, into)

    def _table(self, name: str, table: Table[Any], indent: str) -> None:
        if table.kind in FINDERS:
            self._lines.append(f"{indent}for n in {self.constant(table.find)}({name}): n.run(e, out)")
            return
        cut = CUTS[table.kind].format(x=name, n=table.length)
        self._lines.append(f"{indent}n = {self.constant(table.nodes.get)}({cut})")
        self._lines.append(f"{indent}if n is not None: n.run(e, out)")

    def function(self) -> Run:
        run: Run = self._function("e, out", self._lines or [" pass"])
        return run

    def _function(self, arguments: str, lines: list[str]) -> Any:
        names = "".join(f", K{number}" for number in range(len(self._constants)))
        code = _compiled("\n".join([f"def run({arguments}{names}):", *lines]))
        return FunctionType(code, GLOBALS, "run", tuple(self._constants))

    def check(self, condition: Condition) -> Callable[[Any], bool]:
        """Whether a value, UNSET for an absent one, passes ``condition``."""
        found: Callable[[Any], bool] = self._function("x", [f" return {any_of(condition.tests, 'x', self.constant)}"])
        return found


def check(condition: Condition) -> Callable[[Any], bool]:
    return Source({}).check(condition)
