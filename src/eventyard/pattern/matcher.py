"""Many patterns against one event, and cheap changes at any time.

Finding the rules is the business of ``tree``; this file decodes for it, and knows which rule stands where.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import msgspec

from eventyard.pattern.decode import Paths, plain
from eventyard.pattern.structure import Branch, Pattern, branch_holds, decode
from eventyard.pattern.tree import FEW, Rule, Tree, enter


class _Typed:
    """Rules that share one typed decoder."""

    def __init__(self, few: int) -> None:
        self._paths = Paths()
        self._tree = Tree(self._paths.attributes, few)
        self._decode: Callable[[bytes], Any]
        self._misfit: Callable[[Any], bool] | None

    def __len__(self) -> int:
        return len(self._tree.root.rules)

    def add(self, rule: Rule) -> bool:
        """False if the rule's paths don't go with those of the others."""
        if not self._paths.add(rule.branch):
            return False
        self._tree.root.add(rule)
        return True

    def remove(self, rule: Rule) -> None:
        self._tree.root.remove(rule.slot)
        self._paths.remove(rule.branch)

    def match(self, body: bytes, out: list[int]) -> bool:
        """Append the slots that match; False if the event must be walked instead."""
        if self._paths.stale:
            self._decode, self._misfit = self._paths.decoder()
        try:
            event = self._decode(body)
        except (msgspec.DecodeError, RecursionError):
            return False
        if self._misfit is not None and self._misfit(event):
            return False
        self._tree.root.run(event, out)
        return True

    def walk(self, event: Any, out: list[int]) -> None:
        _walk(self._tree, event, out)


class _Untyped:
    """Rules no typed decoder serves.

    Those on ``resources``, an array in every envelope, are of them: they would force all others, too, to be walked.
    """

    def __init__(self, few: int) -> None:
        self._tree = Tree({}, few)

    def __len__(self) -> int:
        return len(self._tree.root.rules)

    def add(self, rule: Rule) -> bool:
        self._tree.root.add(rule)
        return True

    def remove(self, rule: Rule) -> None:
        self._tree.root.remove(rule.slot)

    def match(self, body: bytes, out: list[int]) -> bool:
        return False

    def walk(self, event: Any, out: list[int]) -> None:
        _walk(self._tree, event, out)


def _walk(tree: Tree, event: Any, out: list[int]) -> None:
    out += [slot for slot, branch in tree.candidates(event).items() if branch_holds(branch, event)]


def _untyped(branch: Branch) -> bool:
    paths = [condition.path for condition in branch]
    return any(
        path[0] == "resources"
        or not all(map(plain, path))
        or any(path != other and path == other[: len(path)] for other in paths)
        for path in paths
    )


class Matcher:
    """Patterns under keys, and which of them match an event.

    A change costs about as much as its one pattern and is in force from the next ``match`` on; nothing is built anew
    for it. ``few`` rules are tested one by one where more are divided. Not thread-safe.
    """

    def __init__(self, few: int = FEW) -> None:
        self._few = few
        self._indexes: list[_Typed | _Untyped] = []
        self._rules: dict[Hashable, list[tuple[Rule, _Typed | _Untyped]]] = {}
        self._keys: dict[int, Hashable] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._rules

    def add(self, key: Hashable, pattern: Pattern) -> None:
        """Match ``pattern`` under ``key`` from now on, in place of any pattern the key had."""
        self.remove(key)
        rules = self._rules[key] = []
        for branch in pattern.branches:
            rule = enter(self._next, branch)
            self._keys[self._next] = key
            self._next += 1
            rules.append((rule, self._place(rule)))

    def _place(self, rule: Rule) -> _Typed | _Untyped:
        kind = _Untyped if _untyped(rule.branch) else _Typed
        for index in self._indexes:
            if type(index) is kind and index.add(rule):
                return index
        index = kind(self._few)
        index.add(rule)
        self._indexes.append(index)
        return index

    def remove(self, key: Hashable) -> None:
        """Forget ``key``; an unknown key is no error."""
        for rule, index in self._rules.pop(key, ()):
            del self._keys[rule.slot]
            index.remove(rule)
            if not len(index):
                self._indexes.remove(index)

    def match(self, body: bytes) -> list[Hashable]:
        """The keys, each once and in no order, whose patterns match the event, a whole envelope as a JSON object."""
        found: list[int] = []
        event = None
        for index in self._indexes:
            if not index.match(body, found):
                if event is None:
                    event = decode(body)
                index.walk(event, found)
        keys = self._keys
        if len(found) < 2:
            return [keys[slot] for slot in found]
        # Several branches of one rule may have matched, and one branch in several ways.
        return list({keys[slot]: None for slot in found})
