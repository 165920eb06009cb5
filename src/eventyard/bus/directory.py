"""The directory: which buses, rules and targets there are. Durable first, then in memory, where everybody reads.

It knows no patterns, no schedules and no deliveries; what a name or a pattern may look like is checked before.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from eventyard.bus.resources import Bus, Rule, TargetSpec
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound
from eventyard.names import DEFAULT_BUS, Arn, bus_arn, bus_name, rule_arn, rule_place
from eventyard.store import Catalog, Change

Listener = Callable[[str, str], None]
"""Called on the event loop as ``listener(bus_arn, rule_name)`` after each change of a rule or of its targets."""

Settled = Callable[[str, str], Awaitable[None]]
"""Awaited as ``settled(bus_arn, rule_name)`` after the listeners, before the change is answered and the next begins."""

_BUS, _RULE = "bus", "rule"
_DEFAULT_END = f":event-bus/{DEFAULT_BUS}"
_TOO_MANY = "The requested resource exceeds the maximum number allowed."


class _Kept(msgspec.Struct, frozen=True):
    """A rule with its targets: one value of the catalog, so that a change writes only what belongs together."""

    rule: Rule
    targets: list[TargetSpec] = []


_encode = msgspec.json.Encoder().encode
_decode_bus = msgspec.json.Decoder(Bus).decode
_decode_kept = msgspec.json.Decoder(_Kept).decode


class Directory:
    """Every bus, rule and target of all accounts and regions.

    Reads answer from memory at once. Changes are coroutines: they return when the change is durable and visible.
    Changes of one rule (or one bus) happen one after the other, those of different rules at the same time.
    """

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._started = clock.now()
        self._buses: dict[str, Bus] = {}
        self._rules: dict[str, dict[str, _Kept]] = {}
        self._listeners: list[Listener] = []
        self._settled: list[Settled] = []
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}
        self._creating: Counter[str] = Counter()
        self._deleting: set[str] = set()

    async def load(self) -> None:
        """Read everything that was kept. Call once, before anything else."""
        self._buses = {key: _decode_bus(value) for key, value in (await self._catalog.load(_BUS)).items()}
        for value in (await self._catalog.load(_RULE)).values():
            kept = _decode_kept(value)
            self._rules.setdefault(kept.rule.bus, {})[kept.rule.name] = kept

    def listen(self, listener: Listener, settled: Settled | None = None) -> None:
        """Call ``listener`` after every later change of a rule or its targets, deletion included, and wait for
        ``settled``."""
        self._listeners.append(listener)
        if settled is not None:
            self._settled.append(settled)

    def has_bus(self, arn: str) -> bool:
        """Whether there is a bus ``arn``; cheap. Each account has a default bus in each region."""
        return arn in self._buses or arn.endswith(_DEFAULT_END)

    def bus(self, arn: str) -> Bus | None:
        """The bus, or None."""
        found = self._buses.get(arn)
        if found is None and arn.endswith(_DEFAULT_END):
            return Bus(arn=arn, name=DEFAULT_BUS, created=self._started, modified=self._started)
        return found

    def buses(self, account: str, region: str) -> list[Bus]:
        """The buses of an account in a region by name, the default bus among them."""
        default = bus_arn(account, region, DEFAULT_BUS)
        head = default.removesuffix(DEFAULT_BUS)
        found = [bus for arn, bus in self._buses.items() if arn.startswith(head)]
        if default not in self._buses and (bus := self.bus(default)):
            found.append(bus)
        return sorted(found, key=lambda bus: bus.name)

    def rule(self, bus: str, name: str) -> Rule | None:
        """The rule ``name`` on the bus with the ARN ``bus``, or None."""
        kept = self._rules.get(bus, {}).get(name)
        return kept.rule if kept else None

    def rules(self, bus: str) -> list[Rule]:
        """The rules of a bus by name."""
        kept = self._rules.get(bus, {})
        return [kept[name].rule for name in sorted(kept)]

    def all_rules(self) -> Iterator[Rule]:
        """Every rule of every bus, in no order. Don't change rules while iterating."""
        return (kept.rule for rules in self._rules.values() for kept in rules.values())

    def targets(self, bus: str, rule: str) -> list[TargetSpec]:
        """The targets of a rule in the order they were put; empty if there is no such rule."""
        kept = self._rules.get(bus, {}).get(rule)
        return list(kept.targets) if kept else []

    def rules_for_target(self, bus: str, target_arn: str) -> list[Rule]:
        """The rules of a bus, by name, with a target ``target_arn``."""
        kept = self._rules.get(bus, {})
        return [kept[name].rule for name in sorted(kept) if any(t.arn == target_arn for t in kept[name].targets)]

    def tags(self, arn: str) -> dict[str, str] | None:
        """The tags of a bus or rule by its ARN; None if there is no such thing."""
        if ":event-bus/" in arn:
            bus = self.bus(arn)
            return bus.tags if bus else None
        place = rule_place(arn)
        rule = self.rule(*place) if place else None
        return rule.tags if rule else None

    async def put_bus(self, bus: Bus, *, most: int | None = None) -> None:
        """Create ``bus``.

        Raises:
            Conflict: there is one of that name.
            LimitExceeded: the account has ``most`` buses in the region already.
        """
        async with self._turn(bus.arn):
            if self.has_bus(bus.arn):
                raise Conflict(f"Event bus {bus.name} already exists.")
            arn = Arn.parse(bus.arn)
            if most is not None and arn is not None and len(self.buses(arn.account, arn.region)) >= most:
                raise LimitExceeded(_TOO_MANY)
            await self._keep_bus(bus)

    async def change_bus(self, arn: str, change: Callable[[Bus], Bus]) -> Bus:
        """Replace the bus by ``change(bus)``, with the time of the change set; answers the new one.

        Raises:
            NotFound: no such bus. Whatever ``change`` raises comes through, and nothing is changed.
        """
        async with self._turn(arn):
            bus = self.bus(arn)
            if bus is None:
                raise no_bus(arn)
            bus = msgspec.structs.replace(change(bus), modified=self._clock.now())
            await self._keep_bus(bus)
            return bus

    async def delete_bus(self, arn: str) -> None:
        """Delete a bus without rules; does nothing if there is none.

        Raises:
            InvalidRequest: the default bus, or one with rules.
        """
        if arn.endswith(_DEFAULT_END):
            raise InvalidRequest(f"Cannot delete event bus {DEFAULT_BUS}.")
        async with self._turn(arn):
            if self._rules.get(arn) or self._creating[arn]:
                raise bus_in_use(arn)
            if arn not in self._buses:
                return
            self._deleting.add(arn)
            try:
                await self._catalog.apply([Change(_BUS, arn, None)])
                self._buses.pop(arn, None)
                self._rules.pop(arn, None)
            finally:
                self._deleting.discard(arn)

    async def put_rule(self, rule: Rule, *, most: int | None = None) -> None:
        """Create ``rule``, or replace the one of that name, which keeps its targets, tags, creator and creation time.

        Raises:
            NotFound: no such bus.
            LimitExceeded: the bus has ``most`` rules already.
        """
        await self._settle_default(rule.bus)
        async with self._turn(rule.arn):
            if not self.has_bus(rule.bus):
                raise no_bus(rule.bus)
            if rule.bus in self._deleting:
                raise Conflict(f"Event bus {bus_name(rule.bus)} is being deleted.", "ConcurrentModificationException")
            rules = self._rules.setdefault(rule.bus, {})
            old = rules.get(rule.name)
            if old is not None:
                before = old.rule
                rule = msgspec.structs.replace(
                    rule, created=before.created, created_by=before.created_by, tags=before.tags
                )
                await self._keep_rule(_Kept(rule, old.targets))
                return
            if most is not None and len(rules) + self._creating[rule.bus] >= most:
                raise LimitExceeded(_TOO_MANY)
            self._creating[rule.bus] += 1
            try:
                await self._keep_rule(_Kept(rule))
            finally:
                self._creating[rule.bus] -= 1

    async def delete_rule(self, bus: str, name: str) -> None:
        """Delete a rule without targets; does nothing if there is none.

        Raises:
            NotFound: no such bus.
            InvalidRequest: the rule has targets.
        """
        if not self.has_bus(bus):
            raise no_bus(bus)
        async with self._turn(rule_arn(bus, name)):
            kept = self._rules.get(bus, {}).get(name)
            if kept is None:
                return
            if kept.targets:
                raise InvalidRequest("Rule can't be deleted since it has targets.")
            await self._catalog.apply([Change(_RULE, kept.rule.arn, None)])
            del self._rules[bus][name]
            await self._tell(bus, name)

    async def set_state(self, bus: str, name: str, state: str) -> None:
        """Enable or disable a rule. Raises NotFound."""
        await self._change_rule(bus, name, lambda rule: msgspec.structs.replace(rule, state=state))

    async def put_targets(self, bus: str, name: str, targets: Sequence[TargetSpec], *, most: int | None = None) -> None:
        """Add ``targets`` to a rule; each replaces the one with its id.

        Raises:
            NotFound: no such bus or rule.
            LimitExceeded: there would be more than ``most``; nothing is changed.
        """

        def add(kept: _Kept) -> _Kept:
            by_id = {target.id: target for target in kept.targets} | {target.id: target for target in targets}
            if most is not None and len(by_id) > max(most, len(kept.targets)):
                raise LimitExceeded(_TOO_MANY)
            return _Kept(kept.rule, list(by_id.values()))

        await self._change_kept(bus, name, add)

    async def remove_targets(self, bus: str, name: str, ids: Sequence[str]) -> None:
        """Remove the targets with these ids from a rule; ids it doesn't have are passed over. Raises NotFound."""
        gone = frozenset(ids)
        await self._change_kept(
            bus, name, lambda kept: _Kept(kept.rule, [target for target in kept.targets if target.id not in gone])
        )

    async def tag(self, arn: str, tags: Mapping[str, str], *, most: int | None = None) -> None:
        """Set tags on a bus or rule. Raises NotFound, or LimitExceeded when it would have more than ``most``."""

        def add(old: dict[str, str]) -> dict[str, str]:
            new = old | dict(tags)
            if most is not None and len(new) > most:
                raise LimitExceeded(_TOO_MANY)
            return new

        await self._change_tags(arn, add)

    async def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags from a bus or rule; absent ones are passed over. Raises NotFound."""
        await self._change_tags(arn, lambda old: {key: value for key, value in old.items() if key not in keys})

    async def _change_tags(self, arn: str, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        if ":event-bus/" in arn:
            await self.change_bus(arn, lambda bus: msgspec.structs.replace(bus, tags=change(bus.tags)))
        elif place := rule_place(arn):
            await self._change_rule(*place, lambda rule: msgspec.structs.replace(rule, tags=change(rule.tags)))
        else:
            raise NotFound(f"Resource {arn} does not exist.")

    async def _change_rule(self, bus: str, name: str, change: Callable[[Rule], Rule]) -> None:
        await self._change_kept(bus, name, lambda kept: _Kept(change(kept.rule), kept.targets))

    async def _change_kept(self, bus: str, name: str, change: Callable[[_Kept], _Kept]) -> None:
        if not self.has_bus(bus):
            raise no_bus(bus)
        async with self._turn(rule_arn(bus, name)):
            kept = self._rules.get(bus, {}).get(name)
            if kept is None:
                raise no_rule(bus, name)
            await self._keep_rule(change(kept))

    async def _keep_rule(self, kept: _Kept) -> None:
        rule = kept.rule
        await self._catalog.apply([Change(_RULE, rule.arn, _encode(kept))])
        self._rules.setdefault(rule.bus, {})[rule.name] = kept
        await self._tell(rule.bus, rule.name)

    async def _keep_bus(self, bus: Bus) -> None:
        await self._catalog.apply([Change(_BUS, bus.arn, _encode(bus))])
        self._buses[bus.arn] = bus

    async def _settle_default(self, arn: str) -> None:
        """Write an account's default bus down when it is first used, so that its creation time stays what it is."""
        if arn in self._buses or not arn.endswith(_DEFAULT_END):
            return
        async with self._turn(arn):
            bus = self.bus(arn)
            if arn not in self._buses and bus is not None:
                await self._keep_bus(bus)

    async def _tell(self, bus: str, rule: str) -> None:
        for listener in self._listeners:
            listener(bus, rule)
        for settled in self._settled:
            await settled(bus, rule)

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncIterator[None]:
        """Wait for the other changes of ``key``; the locks of keys that nobody waits for are forgotten."""
        lock, users = self._turns.get(key, (None, 0))
        lock = lock or asyncio.Lock()
        self._turns[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns[key]
            if users == 1:
                del self._turns[key]
            else:
                self._turns[key] = (lock, users - 1)


def no_bus(arn: str) -> NotFound:
    """The refusal for a bus that isn't there."""
    return NotFound(f"Event bus {bus_name(arn)} does not exist.")


def bus_in_use(arn: str) -> InvalidRequest:
    """The refusal to delete a bus that has rules."""
    return InvalidRequest(f"Cannot delete event bus {bus_name(arn)} since it has rules.")


def no_rule(bus: str, name: str) -> NotFound:
    """The refusal for a rule that isn't there."""
    return NotFound(f"Rule {name} does not exist on EventBus {bus_name(bus)}.")
