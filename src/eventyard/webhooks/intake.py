"""The way of a request to a webhook: verified, known or new, within the rate, published, remembered, answered.

What is answered with ``accepted`` is durable on its bus, and known to be so after a crash. See docs/decisions, 26.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from eventyard.clock import Clock
from eventyard.errors import NotFound, TryAgain
from eventyard.event import Event
from eventyard.inspection import Rejected
from eventyard.provider import Answer, Refused, Request
from eventyard.store import EventLog
from eventyard.webhooks.mapping import Place, event_of, kept_headers, raw_record
from eventyard.webhooks.memory import Delivered, hashed, raw_of
from eventyard.webhooks.resources import Webhook
from eventyard.webhooks.tally import Refusal
from eventyard.webhooks.webhooks import Live

Publish = Callable[[str, Sequence[Event]], Awaitable[Rejected]]
FindPlace = Callable[[Webhook], Place]
"""Where the events of a webhook go, and under which source. Raises NotFound or TryAgain while they can't go there."""

Outcome = Literal["accepted", "duplicate", "answered", "limited", "unavailable", "contract", "refused"]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request. ``events``: ids of new ones. ``reason`` and ``message``: of a refusal, for the owner.
    ``after``: seconds after which to send again. ``answer``: the provider's own."""

    outcome: Outcome
    events: tuple[str, ...] = ()
    duplicates: int = 0
    reason: str = ""
    message: str = ""
    after: int = 0
    answer: Answer | None = None


class Intake:
    """``publish``: returns when events are durable on a bus, with those that break their contracts."""

    def __init__(self, log: EventLog, publish: Publish, place: FindPlace, clock: Clock) -> None:
        self._log = log
        self._publish = publish
        self._place = place
        self._clock = clock

    async def take(self, live: Live, request: Request) -> Taken:
        """What comes of ``request``. Raises Broken when the store is at fault."""
        taken = await self._take(live, request)
        if taken.outcome in ("refused", "contract", "unavailable"):
            self.refuse(live, taken.reason, taken.message, request.peer)
        else:
            live.tally.counts[taken.outcome] += 1
            live.tally.events += len(taken.events)
        return taken

    def refuse(self, live: Live, reason: str, message: str, peer: str) -> None:
        """Note a request that was refused, here or before it came here."""
        live.tally.refuse(Refusal(self._clock.now(), reason, message, peer))

    async def _take(self, live: Live, request: Request) -> Taken:
        now = self._clock.now()
        try:
            found = live.provider.verify(request, live.valid(now), now)
            if isinstance(found, Answer):
                return Taken(outcome="answered", answer=found)
            place = self._place(live.webhook)
            if not place.source and not any(each.source for each in found):
                place = msgspec.structs.replace(place, source=live.provider.source)
            headers = kept_headers(live, request)
            items = [
                _Item(each.type, hashed(each.keys), event_of(live.webhook, place, each, headers, now)) for each in found
            ]
        except Refused as refusal:
            return Taken(outcome="refused", reason=refusal.reason, message=refusal.message)
        except (NotFound, TryAgain) as error:
            return Taken(outcome="unavailable", reason="unavailable", message=error.message, after=30)
        while waiting := {live.coming[key] for item in items for key in item.keys if key in live.coming}:
            await asyncio.wait(waiting)
        # From here to where they are ``coming`` nothing else happens, or two could both be the first.
        now = self._clock.now()
        fresh, seen = [], set[str]()
        for item in items:
            if live.memory.knows(item.keys, now) or seen.intersection(item.keys):
                continue
            seen.update(item.keys)
            fresh.append(item)
        duplicates = len(items) - len(fresh)
        if not fresh:
            return Taken(outcome="duplicate" if items else "accepted", duplicates=duplicates)
        if after := live.memory.wait(len(seen) + len(live.coming), now):
            message = "Too much came within twice the tolerance: what isn't remembered could be replayed."
            return Taken(outcome="unavailable", reason="unavailable", message=message, after=after)
        if after := live.bucket.take(now):
            return Taken(outcome="limited", after=after)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        live.coming.update(dict.fromkeys(seen, done))
        try:
            return await self._append(live, request, place, fresh, duplicates, now)
        except TryAgain as error:
            return Taken(outcome="unavailable", reason="unavailable", message=error.message, after=5)
        finally:
            for key in seen:
                live.coming.pop(key, None)
            done.set_result(None)

    async def _append(
        self, live: Live, request: Request, place: Place, fresh: Sequence[_Item], duplicates: int, now: int
    ) -> Taken:
        events = [item.event for item in fresh]
        if live.webhook.archive:
            # Before they are published: if it fails nothing has happened, and sent again nothing comes twice.
            raw = raw_record(live, request, [event.id for event in events], now)
            await self._log.append(raw_of(live.webhook.arn), [raw])
        rejected = await self._publish(place.bus, events)
        taken = [item for at, item in enumerate(fresh) if at not in rejected]
        keys = tuple(key for item in taken for key in item.keys)
        if taken:
            # Remembered before it is durable that it is: sent again because this fails, it must not come twice.
            live.memory.add(keys, now)
            ids = tuple(item.event.id for item in taken)
            types = tuple(dict.fromkeys(item.type for item in taken))
            headers = dict(kept_headers(live, request))
            await live.memory.keep(Delivered(keys=keys, events=ids, types=types, at=now, headers=headers))
        else:
            ids = ()
        if rejected:
            return Taken(outcome="contract", events=ids, reason="contract", message="; ".join(rejected.values())[:1000])
        return Taken(outcome="accepted", events=ids, duplicates=duplicates)


class _Item(msgspec.Struct, frozen=True):
    """What arrived on its way, with the hashes of its keys."""

    type: str
    keys: tuple[str, ...]
    event: Event
