"""The engine: one router for each bus, one subscriber for each target of each rule, kept as the directory says.

It wires the parts of this room together, brings them back after a restart, and sees to retention. It holds no events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.bus.delivery import DeadLetter, Desk
from eventyard.bus.directory import Directory
from eventyard.bus.followers import Followers
from eventyard.bus.lane import Lanes
from eventyard.bus.ledger import Keep, Ledger
from eventyard.bus.parting import GAP, Partings
from eventyard.bus.resources import Rule, TargetSpec
from eventyard.bus.retry import Retrier
from eventyard.bus.router import Router
from eventyard.bus.subscriber import Subscriber
from eventyard.bus.subscription import MAX_AGE, MAX_ATTEMPTS, RetryPolicy, Subscription
from eventyard.chore import every
from eventyard.clock import Clock
from eventyard.event import Event
from eventyard.names import DEFAULT_BUS, rule_arn
from eventyard.pattern import Pattern, parse
from eventyard.store import Checkpoint, EventLog, Progress
from eventyard.target import Target
from eventyard.transform import compile_transform

MakeTarget = Callable[[str, Mapping[str, Any]], Target]

_TRIM_EVERY = 60.0
#: Fates that are kept, about half a GB of them.
MOST_FATES = 1_000_000


class Retention(msgspec.Struct, frozen=True):
    """How long (ms) and how much (bytes of bodies) each bus's log keeps; None is without limit."""

    age: int | None = 7 * 86_400_000
    size: int | None = None


_NOTHING = Retention(age=None, size=0)


class Engine:
    """Everything between the log and the targets. ``make_target``: the target for an ARN and its parameters."""

    def __init__(
        self,
        eventlog: EventLog,
        progress: Progress,
        directory: Directory,
        clock: Clock,
        make_target: MakeTarget,
        dead_letter: DeadLetter,
        keep: Keep = "failures",
        retention: Retention | None = None,
        most_fates: int = MOST_FATES,
    ) -> None:
        self._log = eventlog
        self._progress = progress
        self._directory = directory
        self._clock = clock
        self._make_target = make_target
        self._retention = retention or Retention()
        self._most_fates = most_fates
        self.ledger = Ledger(progress, clock, keep)
        self._retrier = Retrier(progress, eventlog, self._find)
        self._desk = Desk(self.ledger, clock, dead_letter, self._retrier.deferred)
        self._lanes = Lanes(self._desk)
        self._partings = Partings(self.ledger, self._retrier, clock, lambda name: self._by_name.get(name))
        self._routers: dict[str, Router] = {}
        self._rules: dict[tuple[str, str], dict[str, Subscriber]] = {}
        self._patterns: dict[tuple[str, str], tuple[str, Pattern]] = {}
        self._by_name: dict[str, Subscriber] = {}
        self._kept: dict[str, Retention | None] = {}
        self._unrouted: set[str] = set()
        self._saved: dict[str, Checkpoint] = {}
        #: By log: the position after which a router without a checkpoint begins.
        self._ends: dict[str, int] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._early: dict[str, tuple[Subscription, int | None]] = {}
        self._started = False
        self.followers = Followers(self.router, eventlog)

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Go on where the last run stopped: routers from their checkpoints, subscribers that lagged from theirs."""
        self._saved = await self._progress.load()
        bounds = await self._log.bounds()
        self._ends = {name: each.first - 1 for name, each in bounds.items()}
        self._log.follow(self._appended)
        self._directory.listen(self.refresh, lambda bus, name: self._partings.done(rule_arn(bus, name) + "#"))
        self._started = True
        for subscription, start in self._early.values():
            self.subscribe(subscription, start)
        self._early.clear()
        for rule in self._directory.all_rules():
            self.refresh(rule.bus, rule.name)
        await self._forget_orphans()
        for bus, each in bounds.items():
            if bus not in self._unrouted and (each.last >= each.first or self._keep(bus) is not _NOTHING):
                self.router(bus).catch_up()
        self.ledger.start()
        await self._retrier.start(self._desk)
        self._chore(every(_TRIM_EVERY, self._clock, self.trim, "retention is held up"), "retention")

    async def close(self) -> None:
        """Finish the deliveries in hand, write all progress, stop."""
        await asyncio.gather(*(router.close() for router in self._routers.values()))
        await asyncio.gather(self._retrier.close(), *(subscriber.drain() for subscriber in self._by_name.values()))
        await self._partings.close()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self.ledger.close()

    # --- rules ------------------------------------------------------------------------------------------------------

    def refresh(self, bus: str, rule_name: str) -> None:
        """Make the subscribers of a rule what the directory says they should be."""
        rule = self._directory.rule(bus, rule_name)
        router = self.router(bus)
        pattern = self._pattern(bus, rule_name, rule)
        specs = self._directory.targets(bus, rule_name) if rule is not None and pattern is not None else []
        now = self._rules.get((bus, rule_name), {})
        wanted: dict[str, Subscriber] = {}
        for spec in specs:
            if rule is None or pattern is None:
                continue
            subscription = self.subscription(rule, spec, pattern)
            subscriber = now.get(spec.id)
            if subscriber is None:
                subscriber = Subscriber(subscription, router, self._log, self._desk, self._lanes)
                if not self._bring_back(subscriber, rule.enabled) and self._partings.holds(subscriber.name):
                    subscriber.hold_at(router.position)
            subscriber.subscription = subscription
            if rule.enabled:
                subscriber.enable()
            else:
                subscriber.disable()
            wanted[spec.id] = subscriber
        for target_id in now.keys() - wanted.keys():
            gone = now[target_id]
            self._by_name.pop(gone.name, None)
            self._partings.part(gone)
        if wanted:
            self._rules[(bus, rule_name)] = wanted
        else:
            self._rules.pop((bus, rule_name), None)
        on = rule is not None and rule.enabled
        router.set_rule(rule_name, pattern if on else None, list(wanted.values()))

    # --- other subscribers ------------------------------------------------------------------------------------------

    def subscribe(self, subscription: Subscription, start: int | None = None) -> None:
        """Have ``subscription`` receive from the log that it names, which may be any log, not only a bus's.

        It goes on from its checkpoint; without one it begins after position ``start``, or with what comes from now on.
        One of the same name is replaced and keeps its place. Whoever keeps subscriptions calls this for each of them
        before ``start``: what was appended while nobody subscribed is not delivered later.

        Raises ValueError for a subscription with the name of its log: their progress could not be told apart."""
        if subscription.name == subscription.bus:
            raise ValueError(f"a subscription can't have the name of its log, {subscription.name}")
        if not self._started:
            self._early[subscription.name] = (subscription, start)
            return
        router = self.router(subscription.bus)
        subscriber = self._by_name.get(subscription.name)
        if subscriber is None:
            subscriber = Subscriber(subscription, router, self._log, self._desk, self._lanes)
            known = self._bring_back(subscriber, enabled=True)
            if not known and self._partings.holds(subscription.name):
                subscriber.hold_at(router.position if start is None else start)
            elif not known and start is not None:
                subscriber.start_at(start)
        subscriber.subscription = subscription
        subscriber.bound(subscription.end)
        live = subscription.end is None
        router.set_rule(subscription.name, subscription.pattern if live else None, [subscriber] if live else [])

    async def move(self, name: str, position: int | None) -> None:
        """Have the subscription go on behind ``position``, or with what comes from now on; durable when this returns.

        What it had not delivered yet, and is behind neither, is left out."""
        subscriber = self._by_name[name]
        subscriber.move_to(self.router(subscriber.subscription.bus).position if position is None else position)
        await self.ledger.flush()

    def stands(self, name: str) -> int:
        """The position up to which the subscription has settled all."""
        return self._by_name[name].stands

    def unsubscribe(self, name: str) -> None:
        """Deliver nothing more to the subscription of this name, and forget its progress."""
        self._early.pop(name, None)
        subscriber = self._by_name.pop(name, None)
        if subscriber is not None:
            self.router(subscriber.subscription.bus).set_rule(name, None, [])
            self._partings.part(subscriber)

    def keep_log(self, name: str, retention: Retention | None = None, *, routed: bool = True) -> None:
        """The log is somebody's, so it must not be emptied; ``retention``: its own, or None for that of buses.

        One that is not ``routed`` is only read by its owner: nobody can subscribe to it, and nothing in it is matched.
        """
        self._kept[name] = retention
        if not routed:
            self._unrouted.add(name)

    def drop_log(self, name: str) -> None:
        """The log is nobody's any more: the next trim empties it."""
        self._kept.pop(name, None)

    def router(self, bus: str) -> Router:
        """The router of ``bus``, made on first need."""
        router = self._routers.get(bus)
        if router is None:
            saved = self._saved.get(bus)
            position = saved.position if saved else self._ends.get(bus, 0)
            router = Router(bus, self._log, self.ledger, self._clock, position, self._lanes)
            self._routers[bus] = router
        return router

    # --- what is going on -------------------------------------------------------------------------------------------

    def rules_of(self, bus: str, event: Event) -> list[str]:
        """The names of the enabled rules of ``bus`` that match ``event``, in order."""
        # Other subscriptions on a bus, such as archives, have ARNs for names.
        return sorted(name for name in self.router(bus).rules_of(event) if ":" not in name)

    def lags(self) -> dict[str, int]:
        """For each subscriber that has events waiting: how many are in its inbox, at least."""
        return {name: sub.waiting for name, sub in self._by_name.items() if sub.waiting or sub.lagging}

    # --- inside -----------------------------------------------------------------------------------------------------

    def _appended(self, bus: str, first: int, events: Sequence[Event]) -> None:
        if bus not in self._unrouted:
            self.router(bus).push(first, events)

    def _find(self, name: str) -> Subscription | None:
        subscriber = self._by_name.get(name)
        return None if subscriber is None else subscriber.subscription

    def _pattern(self, bus: str, rule_name: str, rule: Rule | None) -> Pattern | None:
        """The compiled pattern of a rule; the same object as long as its text is the same."""
        key = (bus, rule_name)
        if rule is None or rule.pattern is None:
            self._patterns.pop(key, None)
            return None
        known = self._patterns.get(key)
        if known is None or known[0] != rule.pattern:
            known = (rule.pattern, parse(rule.pattern))
            self._patterns[key] = known
        return known[1]

    def subscription(self, rule: Rule, spec: TargetSpec, pattern: Pattern, log_name: str = "") -> Subscription:
        """What the target ``spec`` of ``rule`` receives: from its bus, or, as another subscriber, from another log."""
        return Subscription(
            name=f"{rule.arn}#{spec.id}#{log_name}" if log_name else f"{rule.arn}#{spec.id}",
            bus=log_name or rule.bus,
            rule_arn=rule.arn,
            rule_name=rule.name,
            target_arn=spec.arn,
            pattern=pattern,
            target=self._make_target(spec.arn, spec.parameters),
            transform=compile_transform(
                spec.id,
                input=spec.input,
                input_path=spec.input_path,
                paths=spec.input_paths,
                template=spec.input_template,
            ),
            retry=RetryPolicy(
                MAX_ATTEMPTS if spec.max_attempts is None else spec.max_attempts,
                MAX_AGE if spec.max_age is None else spec.max_age,
            ),
            dead_letter_arn=spec.dead_letter_arn,
        )

    def _bring_back(self, subscriber: Subscriber, enabled: bool) -> bool:
        """Let a new subscriber go on from its checkpoint; False if the last run left none."""
        self._by_name[subscriber.name] = subscriber
        saved = self._saved.pop(subscriber.name, None)
        stop = self._saved.pop(subscriber.name + GAP, None)
        if saved is None:
            return False
        gap: tuple[int, int | None] | None = None
        if stop is not None and (stop.settled or not enabled):
            gap = (stop.position, stop.settled[0] if stop.settled else None)
        subscriber.start_at(saved.position, gap)
        return True

    async def _forget_orphans(self) -> None:
        """Forget the progress of targets and rules that are gone: a crash came between their removal and this."""
        orphans = [name for name in self._saved if ":rule/" in name and name.removesuffix(GAP) not in self._by_name]
        orphans += [name for name in await self._progress.backlog() if ":rule/" in name and name not in self._by_name]
        await asyncio.gather(*(self._progress.forget(name) for name in dict.fromkeys(orphans)))
        for name in orphans:
            self._saved.pop(name, None)

    def _keep(self, name: str) -> Retention:
        """What retention the log ``name`` has; ``_NOTHING`` if it is nobody's."""
        if name in self._kept:
            return self._kept[name] or self._retention
        if self._directory.has_bus(name) or name.endswith(f":event-bus/{DEFAULT_BUS}"):
            return self._retention
        return _NOTHING

    async def trim(self) -> None:
        """Apply retention once, to logs and to fates; the logs of buses that are gone, and of nobody, are emptied."""
        for name in await self._log.bounds():
            keep = self._keep(name)
            if keep.age is not None or keep.size is not None:
                older = None if keep.age is None else self._clock.now() - keep.age
                left = await self._log.trim(name, older_than=older, max_size=keep.size)
                if left.last < left.first and self._keep(name) is _NOTHING:
                    await self._let_go(name, left.last)
        age = self._retention.age
        older_than = 0 if age is None else self._clock.now() - age
        await self._progress.prune(older_than=older_than, most=self._most_fates)

    async def _let_go(self, name: str, last: int) -> None:
        """Free the router of an empty log that is nobody's. If the log comes to life again, it goes on at its end."""
        self._unrouted.discard(name)
        router = self._routers.get(name)
        if router is not None and (router.wanted or router.position < last):
            return
        if self._saved.pop(name, None) is None and router is None:
            return
        self._ends[name] = last
        if router is not None:
            del self._routers[name]
            await router.close()
        await self.ledger.forget(name)
        if name in self._routers:  # it came to life meanwhile, and what it had written was just forgotten
            self._routers[name].moved()

    def _chore(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
