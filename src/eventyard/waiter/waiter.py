"""The two faces of the waiter: ``async with`` for asynchronous tests, ``with`` for the others.

What they do is written once, as generators that say what to wait for; each face waits in its own way.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from eventyard.errors import EventyardError, InvalidRequest
from eventyard.text import printable
from eventyard.waiter.channel import Channel
from eventyard.waiter.event import Event, Look
from eventyard.waiter.failure import MISSES, EventNotSeen, UnexpectedEvent, nearest, not_seen
from eventyard.waiter.identity import Identity
from eventyard.waiter.link import Link
from eventyard.waiter.wanted import Predicate, Wanted, wanted

T = TypeVar("T")
S = TypeVar("S", bound="_Subscribed")

Steps = Generator[tuple[Future[Any], float], bool, T]
"""Yields what to wait for, and until when (``time.monotonic``); is sent whether it came."""

Types = str | list[str] | tuple[str, ...] | None

TIMEOUT = 5.0
"""Seconds, unless a test gives others."""

_LOOK, _LOOK_SECONDS = 1_000, 2.0


class _Subscribed:
    def __init__(self, link: Link, identity: Identity, channel: Channel, wanted: Wanted) -> None:
        self._link = link
        self._identity = identity
        self._channel = channel
        self._wanted = wanted

    @property
    def position(self) -> int:
        """Where it began: what was published after this position comes."""
        return self._channel.after

    def close(self) -> None:
        """Get nothing more: what has come can still be taken, and waiting for more raises InvalidRequest."""
        self._link.unsubscribe(self._channel)

    def _arrives(self, until: float) -> Steps[Event | None]:
        """The next event that is wanted; None if it does not come."""
        while True:
            while (event := self._channel.take()) is not None:
                if used := self._channel.used():
                    self._link.give(self._channel, used)
                if self._wanted.takes(event):
                    return event
            if not (yield self._channel.arrival(), until):
                return None

    def _collect(self, count: int, seconds: float) -> Steps[list[Event]]:
        until, found = time.monotonic() + seconds, list[Event]()
        while len(found) < count:
            event = yield from self._arrives(until)
            if event is None:
                raise (yield from self._failure(seconds, len(found), count))
            found.append(event)
        return found

    def _next(self, seconds: float) -> Steps[Event]:
        (event,) = yield from self._collect(1, seconds)
        return event

    def _none(self, seconds: float) -> Steps[None]:
        event = yield from self._arrives(time.monotonic() + seconds)
        if event is not None:
            raise UnexpectedEvent(self._wanted, event)

    def _sequence(self, steps: Sequence[str | tuple[str, Predicate]], seconds: float) -> Steps[list[Event]]:
        until, found = time.monotonic() + seconds, list[Event]()
        for step in steps:
            name, where = (step, None) if isinstance(step, str) else step
            one = Wanted((name,), {"detail-type": [name]}, where)
            while True:
                event = yield from self._arrives(until)
                if event is None:
                    failure = yield from self._failure(seconds, 0, 1, one)
                    came = printable(" -> ".join(each.detail_type for each in found)) or "nothing"
                    raise EventNotSeen(f"The sequence came up to: {came}. Then {failure}", failure.seen)
                if event.detail_type == name and one.takes(event):
                    found.append(event)
                    break
        return found

    def _failure(self, seconds: float, got: int, count: int, wanted: Wanted | None = None) -> Steps[EventNotSeen]:
        """What to tell the test: asks the server what did happen."""
        wanted = wanted or self._wanted
        looking = self._link.look(self._channel.bus, _LOOK, _LOOK_SECONDS, after=self._channel.after)
        look = Look()
        if (yield looking, time.monotonic() + 2 * _LOOK_SECONDS):
            look = looking.result()
        near = nearest(wanted, look.events)[-MISSES:]
        fates = {event.id: told for event, _ in near if (told := self._fate(event)) is not None}
        bus = self._channel.bus.partition(":event-bus/")[2] or self._channel.bus
        return EventNotSeen(not_seen(wanted, seconds, got, count, look, fates, bus), look.events)

    def _fate(self, event: Event) -> str | None:
        """What became of an event, in words; None where the server keeps no such fates."""
        try:
            found = self._identity.ask("GET", f"/_eventyard/fates?event={event.id}")["fates"]
        except (OSError, EventyardError, KeyError, ValueError):
            return None
        if any(fate["outcome"] == "unmatched" for fate in found):
            return self._unmatched(event)
        ends = [
            f"{fate['outcome']} by {fate['subscriber'].rpartition(':rule/')[2]}" for fate in found if fate["subscriber"]
        ]
        return f"It was published, and {', '.join(ends)}." if ends else None

    def _unmatched(self, event: Event) -> str:
        """Why nobody got it: an event that rules match is unmatched, too, if none of them has a target."""
        idle: list[str] = []
        with contextlib.suppress(OSError, EventyardError, KeyError, ValueError):
            idle = self._identity.ask("GET", f"/_eventyard/story?event={event.id}")["idle"]
        if not idle:
            return "It was published, and no rule matched it."
        names = ", ".join(idle)
        return f"It was published, and nobody got it: {names} match{'es' if len(idle) == 1 else ''}, without a target."


class Subscription(_Subscribed):
    """What a test waits for. An iteration has no time limit."""

    async def next(self, timeout: float = TIMEOUT) -> Event:
        """The next event. Raises EventNotSeen after ``timeout`` seconds, saying what came instead."""
        return await _await(self._next(timeout))

    async def collect(self, count: int, timeout: float = TIMEOUT) -> list[Event]:
        """The next ``count`` events. Raises EventNotSeen."""
        return await _await(self._collect(count, timeout))

    async def none_within(self, seconds: float) -> None:
        """Returns after ``seconds`` without an event. Raises UnexpectedEvent at the first one."""
        await _await(self._none(seconds))

    async def sequence(self, steps: Sequence[str | tuple[str, Predicate]], timeout: float = TIMEOUT) -> list[Event]:
        """Events of these types (or types with predicates), in this order; others may come in between. Raises
        EventNotSeen for the first that is missing."""
        return await _await(self._sequence(steps, timeout))

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await _await(self._arrives(float("inf")))) is not None:
            yield event


class BlockingSubscription(_Subscribed):
    """The same for tests that are not asynchronous."""

    def next(self, timeout: float = TIMEOUT) -> Event:
        """See :meth:`Subscription.next`."""
        return _wait(self._next(timeout))

    def collect(self, count: int, timeout: float = TIMEOUT) -> list[Event]:
        """See :meth:`Subscription.collect`."""
        return _wait(self._collect(count, timeout))

    def none_within(self, seconds: float) -> None:
        """See :meth:`Subscription.none_within`."""
        _wait(self._none(seconds))

    def sequence(self, steps: Sequence[str | tuple[str, Predicate]], timeout: float = TIMEOUT) -> list[Event]:
        """See :meth:`Subscription.sequence`."""
        return _wait(self._sequence(steps, timeout))

    def __iter__(self) -> Iterator[Event]:
        while (event := _wait(self._arrives(float("inf")))) is not None:
            yield event


class _Waiter(Generic[S]):
    def __init__(self, identity: Identity, bus: str, kind: type[S], link: Link | None = None) -> None:
        self._identity = identity
        self._bus = bus
        self._kind = kind
        self._link = link or Link(identity)

    def subscribe(
        self,
        types: Types = None,
        *,
        where: Predicate | None = None,
        detail: Mapping[str, Any] | None = None,
        source: str | None = None,
        pattern: Mapping[str, Any] | None = None,
        bus: str | None = None,
        after: int | None = None,
    ) -> S:
        """Wait for events of ``types`` from now on (or behind position ``after``). When this returns, an event that
        is published can't be missed any more.

        ``detail``, ``source`` and ``pattern`` are looked at by the server; ``where`` here, with the whole event. Raises
        InvalidPattern, and InvalidRequest for a bus that isn't there."""
        asked = wanted(types, where, detail, source, pattern)
        found: dict[str, object] = {"bus": bus or self._bus}
        if asked.pattern is not None:
            found["pattern"] = asked.pattern
        if after is not None:
            found["after"] = after
        channel = self._link.subscribe(**found)
        return self._kind(self._link, self._identity, channel, asked)

    def past(self, since: int, most: int, seconds: float) -> list[Event]:
        """Up to ``most`` events that were published at or after ``since`` (ms since the epoch), read for ``seconds`` at
        most; it waits for none."""
        return list(self._link.look(self._bus, most, seconds, since=since).result(seconds + _LOOK_SECONDS).events)

    def close(self) -> None:
        """End the connection and all its subscriptions."""
        self._link.close()


class BlockingWaiter(_Waiter[BlockingSubscription]):
    """What ``with EventWaiter.connect(...)`` gives."""

    def asynchronous(self) -> EventWaiter:
        """The other face of the same connection, which stays this one's to close."""
        return EventWaiter(self._identity, self._bus, Subscription, self._link)


class EventWaiter(_Waiter[Subscription]):
    """What ``async with EventWaiter.connect(...)`` gives."""

    @staticmethod
    def connect(
        url: str = "http://127.0.0.1:4010",
        *,
        bus: str = "default",
        account: str | None = None,
        region: str | None = None,
    ) -> Connecting:
        """To be entered by ``async with`` or by ``with``. ``url``: of an Eventyard server, or of ``eventyard relay``.
        Who we are is said by AWS's own environment variables and files, unless ``account`` and ``region`` say it.
        Raises InvalidRequest for a ``url`` that is none."""
        _check(url)
        return Connecting(Identity(url, account, region), bus)


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https", "ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise InvalidRequest(f"{url!r} is no URL of a server, which is such as http://127.0.0.1:4010.")


class Connecting:
    """Entered, it is a waiter. Raises TryAgain where nobody answers, Forbidden where we may not come in."""

    def __init__(self, identity: Identity, bus: str) -> None:
        self._identity = identity
        self._bus = bus
        self._open: _Waiter[Any] | None = None

    async def __aenter__(self) -> EventWaiter:
        waiter = EventWaiter(self._identity, self._bus, Subscription)
        self._open = waiter
        try:
            await asyncio.wrap_future(waiter._link.open())
        except BaseException:
            waiter.close()
            raise
        return waiter

    async def __aexit__(self, *_: object) -> None:
        if self._open is not None:
            await asyncio.to_thread(self._open.close)

    def __enter__(self) -> BlockingWaiter:
        waiter = BlockingWaiter(self._identity, self._bus, BlockingSubscription)
        self._open = waiter
        try:
            waiter._link.open().result()
        except BaseException:
            waiter.close()
            raise
        return waiter

    def __exit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.close()


async def _await(steps: Steps[T]) -> T:
    came = None
    while True:
        try:
            future, until = steps.send(came) if came is not None else next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            seconds = None if until == float("inf") else max(0.0, until - time.monotonic())
            await asyncio.wait_for(asyncio.wrap_future(future), seconds)
            came = True
        except TimeoutError:
            came = False


def _wait(steps: Steps[T]) -> T:
    came = None
    while True:
        try:
            future, until = steps.send(came) if came is not None else next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            future.result(None if until == float("inf") else max(0.0, until - time.monotonic()))
            came = True
        except FutureTimeout:
            came = False
