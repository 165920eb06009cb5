"""Replaying: what somebody appends to a log goes to the targets of a bus's rules, as if it had come to the bus.

Each target of a rule is one more subscriber, on that log. So retries, dead letters and fates are those of the bus, and
neither the bus's other rules, nor its archives, nor its tails ever see what is replayed.
"""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.bus.directory import Directory
from eventyard.bus.engine import Engine, Retention
from eventyard.bus.resources import Rule
from eventyard.pattern import Pattern, parse
from eventyard.store import Progress

#: Matches nothing that is replayed: a disabled rule keeps its subscribers, which still have to try again what failed.
_NOTHING = parse('{"replay-name":[{"exists":false}]}')
_FOR_EVER = Retention(age=None, size=None)


class BusReplays:
    """Call ``open`` for all of them before the engine starts."""

    def __init__(self, engine: Engine, directory: Directory, progress: Progress) -> None:
        self._engine = engine
        self._directory = directory
        self._progress = progress
        #: By log: the bus, and the ARNs of the rules that are meant; none for all.
        self._open: dict[str, tuple[str, frozenset[str]]] = {}
        self._names: dict[str, dict[str, set[str]]] = {}
        self._patterns: dict[str, Pattern] = {}
        directory.listen(self._refresh)

    def open(self, log: str, bus: str, rules: Sequence[str]) -> None:
        """Whatever is appended to ``log`` goes to the rules of ``bus`` with these ARNs, to all of them if there are
        none, as they are at the time. After a restart it goes on from where it was."""
        self._open[log] = (bus, frozenset(rules))
        self._names[log] = {}
        self._engine.keep_log(log, _FOR_EVER)
        for rule in self._directory.rules(bus):
            self._keep(log, rule)

    def waiting(self, log: str, last: int) -> int:
        """How many events of ``log``, up to position ``last``, have not been tried yet; at most, and roughly."""
        lags = self._engine.lags()
        inboxes = [max(lags[name], 1) for name in self._subscribers(log) if name in lags]
        return max(0, last - self._engine.router(log).position) + max(inboxes, default=0)

    async def settled(self, log: str, last: int) -> bool:
        """Whether nothing of ``log`` up to position ``last`` is waiting or has to be tried again."""
        if self.waiting(log, last):
            return False
        # In this order: what is in no inbox now is delivered, or about to be in the backlog.
        await self._engine.ledger.flush()
        backlog = await self._progress.backlog()
        return not any(name in backlog for name in self._subscribers(log))

    def close(self, log: str) -> None:
        """Play from ``log`` no more; the next trim empties it."""
        for name in self._subscribers(log):
            self._engine.unsubscribe(name)
        self._open.pop(log, None)
        self._names.pop(log, None)
        self._engine.drop_log(log)

    def _subscribers(self, log: str) -> list[str]:
        return [name for names in self._names.get(log, {}).values() for name in names]

    def _refresh(self, bus: str, rule_name: str) -> None:
        rule = self._directory.rule(bus, rule_name)
        for log, (of, _) in self._open.items():
            if of == bus and rule is not None:
                self._keep(log, rule)
            elif of == bus:
                self._forget(log, rule_name)

    def _keep(self, log: str, rule: Rule) -> None:
        """Make the subscribers of a rule on ``log`` what the directory says they should be."""
        wanted = self._open[log][1]
        if rule.pattern is None or (wanted and rule.arn not in wanted):
            self._forget(log, rule.name)
            return
        pattern = self._pattern(rule, rule.pattern) if rule.enabled else _NOTHING
        names = set()
        for spec in self._directory.targets(rule.bus, rule.name):
            subscription = self._engine.subscription(rule, spec, pattern, log)
            self._engine.subscribe(subscription)
            names.add(subscription.name)
        for name in self._names[log].get(rule.name, set()) - names:
            self._engine.unsubscribe(name)
        self._names[log][rule.name] = names

    def _forget(self, log: str, rule_name: str) -> None:
        for name in self._names[log].pop(rule_name, ()):
            self._engine.unsubscribe(name)

    def _pattern(self, rule: Rule, text: str) -> Pattern:
        """The same object as long as the text is the same, which routers rely on."""
        known = self._patterns.get(rule.arn)
        if known is None or known.text != text:
            known = self._patterns[rule.arn] = parse(text)
        return known
