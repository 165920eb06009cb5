"""Publishing: a message becomes an event in its topic's log, and the publisher is answered when it is durable.

FIFO topics: a message whose deduplication id was seen within five minutes is answered like the first and not appended
again (developer guide, "Message deduplication for FIFO topics"). What was seen is read from the log after a restart.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from eventyard.clock import Clock
from eventyard.errors import TryAgain
from eventyard.event import Event, new_ids
from eventyard.store import EventLog
from eventyard.topics.filter import NOTIFICATION
from eventyard.topics.message import Message, event_of, read
from eventyard.topics.resources import Topic

Publish = Callable[[str, Sequence[Event]], Awaitable[None]]
"""Appends events to a log; durable when it returns."""

_INTERVAL = 300_000
_CHUNK = 500
#: SNS's sequence numbers have 20 digits; ours are microseconds, or one more than the last.
_FIRST_SEQUENCE = 10**19


class Receipt(msgspec.Struct, frozen=True):
    """What the publisher is told. ``sequence``: of FIFO topics."""

    message_id: str
    sequence: str | None = None


class _Seen(msgspec.Struct, frozen=True):
    """A deduplication id. ``durable``: true once the message is, false if that failed."""

    at: int
    receipt: Receipt
    durable: asyncio.Future[bool]


class Publishing:
    """The one way into the logs of topics."""

    def __init__(self, publish: Publish, eventlog: EventLog, clock: Clock) -> None:
        self._publish = publish
        self._log = eventlog
        self._clock = clock
        self._seen: dict[str, OrderedDict[str, _Seen]] = {}
        self._last: dict[str, int] = {}

    async def remember(self, topic: Topic) -> None:
        """Read from the log what a FIFO topic was sent lately. Call before the first message."""
        since = max(self._clock.now() - _INTERVAL, topic.created)
        position = await self._log.locate(topic.arn, since) - 1
        seen = self._seen[topic.arn] = OrderedDict()
        while rows := await self._log.read(topic.arn, position, _CHUNK):
            position = rows[-1][0]
            for _, event in rows:
                posted = read(event.body)
                if posted.kind != NOTIFICATION or posted.sequence is None or posted.dedup is None:
                    continue
                durable: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
                durable.set_result(True)
                receipt = Receipt(posted.id, posted.sequence)
                seen[_key(topic, posted.group, posted.dedup)] = _Seen(posted.at, receipt, durable)
                self._last[topic.arn] = int(posted.sequence) - _FIRST_SEQUENCE

    def forget(self, arn: str) -> None:
        """The topic is gone."""
        self._seen.pop(arn, None)
        self._last.pop(arn, None)

    async def publish(
        self, topic: Topic, messages: Sequence[Message], ids: Sequence[str] | None = None
    ) -> list[Receipt]:
        """Publish messages that have been checked; durable when this returns. ``ids``: theirs, else new ones.

        Raises TryAgain when there is no room; then any part may be durable."""
        now = self._clock.now()
        ids = ids or new_ids(len(messages), now)
        if topic.fifo:
            return await self._publish_in_order(topic, messages, ids, now)
        events = [event_of(topic, message, id, now) for message, id in zip(messages, ids, strict=True)]
        await self._publish(topic.arn, events)
        return [Receipt(id) for id in ids]

    async def _publish_in_order(
        self, topic: Topic, messages: Sequence[Message], ids: Sequence[str], now: int
    ) -> list[Receipt]:
        # Nothing is awaited between the numbering and the append, so the log has the order of the numbers.
        seen = self._seen.setdefault(topic.arn, OrderedDict())
        while seen and next(iter(seen.values())).at <= now - _INTERVAL:
            seen.popitem(last=False)
        durable: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        fresh: dict[str, Event] = {}
        found: list[_Seen] = []
        for message, id in zip(messages, ids, strict=True):
            dedup = message.dedup or hashlib.sha256(message.text.encode()).hexdigest()
            key = _key(topic, message.group, dedup)
            known = seen.get(key)
            if known is None:
                number = self._last[topic.arn] = max(self._last.get(topic.arn, 0) + 1, now * 1000)
                sequence = str(_FIRST_SEQUENCE + number)
                known = seen[key] = _Seen(now, Receipt(id, sequence), durable)
                fresh[key] = event_of(topic, msgspec.structs.replace(message, dedup=dedup), id, now, sequence)
            found.append(known)
        if fresh:
            try:
                await self._publish(topic.arn, list(fresh.values()))
                durable.set_result(True)
            finally:
                if not durable.done():
                    durable.set_result(False)
                    for key in fresh:
                        seen.pop(key, None)
        for known in found:
            if not await asyncio.shield(known.durable):
                raise TryAgain("The first message with this deduplication id could not be stored.")
        return [known.receipt for known in found]


def _key(topic: Topic, group: str | None, dedup: str) -> str:
    """What is remembered: a topic's attribute says whether groups share their deduplication ids."""
    if topic.attributes.get("FifoThroughputScope") == "MessageGroup":
        return f"{group}\0{dedup}"
    return dedup
