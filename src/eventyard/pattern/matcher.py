"""Many patterns against one event, and cheap changes: a large index, and a small one beside it for what is new.

Finding the rules is the business of ``tree``; this file keeps both indexes and the removals true.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import msgspec

from eventyard.pattern.decode import Paths
from eventyard.pattern.structure import Branch, Pattern, branch_holds, decode
from eventyard.pattern.tree import Tree

SMALL = 256
"""As few rules are rebuilt whole in a few milliseconds."""


class _Index:
    """A fixed set of rules.

    Rules on ``resources``, an array in every envelope, get an index of their own: they would force all others, too,
    off the typed decoder.
    """

    def __init__(self, rules: list[tuple[int, Branch]], apart: bool = True) -> None:
        paths = Paths()
        fitting: list[tuple[int, Branch]] = []
        self.odd: list[tuple[int, Branch]] = []
        listed: list[tuple[int, Branch]] = []
        for identity, branch in rules:
            if apart and any(condition.path[0] == "resources" for condition in branch):
                listed.append((identity, branch))
                continue
            fits = paths.add(condition.path for condition in branch)
            (fitting if fits else self.odd).append((identity, branch))
        self.listed = _Index(listed, apart=False) if listed else None
        decoder, attributes = paths.decoder()
        self.decode = decoder.decode
        self.tree = Tree(fitting, attributes)

    def match(self, body: bytes) -> list[int]:
        out = self.listed._match_untyped(decode(body)) if self.listed is not None else []
        try:
            event = self.decode(body)
        except msgspec.DecodeError:
            return out + self._match_untyped(decode(body))
        self.tree.root.run(event, out)
        if self.odd:
            plain = decode(body)
            out += [identity for identity, branch in self.odd if branch_holds(branch, plain)]
        return out

    def _match_untyped(self, event: Any) -> list[int]:
        candidates = self.tree.candidates(event)
        out = [i for i, branches in candidates.items() if any(branch_holds(branch, event) for branch in branches)]
        return out + [identity for identity, branch in self.odd if branch_holds(branch, event)]


def _branches(patterns: dict[int, Pattern]) -> list[tuple[int, Branch]]:
    return [(identity, branch) for identity, pattern in patterns.items() for branch in pattern.branches]


class Matcher:
    """Patterns under keys, and which of them match an event.

    Changes are cheap: the index is brought up to date by the next ``match``, and only its small part while the changes
    since the last full build are few: ``small`` rules, or a sixteenth of all. Not thread-safe.
    """

    def __init__(self, small: int = SMALL) -> None:
        self._limit = small
        self._identities: dict[Hashable, int] = {}
        self._live: dict[int, Pattern] = {}
        self._keys: dict[int, Hashable] = {}
        self._next = 0
        self._large: _Index | None = None
        self._small: _Index | None = None
        self._new: dict[int, Pattern] = {}
        self._removed = 0
        self._size = 0
        self._stale = False

    def __len__(self) -> int:
        return len(self._identities)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._identities

    def add(self, key: Hashable, pattern: Pattern) -> None:
        """Match ``pattern`` under ``key`` from now on, in place of any pattern the key had."""
        self.remove(key)
        identity = self._next
        self._next += 1
        self._identities[key] = identity
        self._live[identity] = pattern
        self._keys[identity] = key
        self._new[identity] = pattern
        self._stale = True

    def remove(self, key: Hashable) -> None:
        """Forget ``key``; an unknown key is no error."""
        identity = self._identities.pop(key, None)
        if identity is None:
            return
        del self._live[identity], self._keys[identity]
        if self._new.pop(identity, None) is None:
            self._removed += 1
        self._stale = True

    def match(self, body: bytes) -> list[Hashable]:
        """The keys, each once and in no order, whose patterns match the event, a whole envelope as a JSON object."""
        if self._stale:
            self._refresh()
        found = self._large.match(body) if self._large is not None else []
        if self._small is not None:
            found += self._small.match(body)
        keys = self._keys
        # Several branches of one rule may have matched, and rules removed since are still in the index.
        return [keys[identity] for identity in (set(found) if len(found) > 1 else found) if identity in keys]

    def _refresh(self) -> None:
        large = self._size
        if large < self._limit or len(self._new) > max(self._limit, large // 16) or self._removed > large // 2:
            self._large = _Index(_branches(self._live))
            self._size = len(self._live)
            self._small, self._new, self._removed = None, {}, 0
        else:
            self._small = _Index(_branches(self._new)) if self._new else None
        self._stale = False
