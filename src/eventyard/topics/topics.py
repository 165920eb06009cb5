"""The topics of all accounts and regions: durable first, then in memory. A topic is a log by the name of its ARN."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from eventyard.chore import every
from eventyard.clock import Clock
from eventyard.errors import Conflict
from eventyard.feed import Feeds
from eventyard.store import Catalog, Change, EventLog
from eventyard.topics.archiving import archive_age, archive_begins, archive_days
from eventyard.topics.delivery import Delivering
from eventyard.topics.message import Message, check
from eventyard.topics.publishing import Publish, Publishing, Receipt
from eventyard.topics.refusals import invalid, no_topic
from eventyard.topics.resources import (
    Topic,
    check_data_protection,
    check_name,
    check_tags,
    check_topic_attribute,
    check_topic_attributes,
    topic_arn,
)
from eventyard.topics.subscriptions import MakeToken, Subscriptions

_KIND = "topic"
_SWEEP = 60.0
#: The attributes that change what subscriptions are sent, or when.
_SHOWN = ("DeliveryPolicy", "SignatureVersion")
_encode = msgspec.json.Encoder().encode


class Topics:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other. ``subscriptions``: those of all topics."""

    def __init__(
        self,
        catalog: Catalog,
        eventlog: EventLog,
        publish: Publish,
        feeds: Feeds,
        delivering: Delivering,
        clock: Clock,
        make_token: MakeToken,
    ) -> None:
        self._catalog = catalog
        self._feeds = feeds
        self._clock = clock
        self._publishing = Publishing(publish, eventlog, clock)
        self._topics: dict[str, Topic] = {}
        self._turn = asyncio.Lock()
        self.subscriptions = Subscriptions(
            catalog, eventlog, feeds, delivering, publish, clock, make_token, self._turn, self.get
        )

    async def load(self) -> None:
        """Bring all back. Call once, before the engine starts."""
        for value in (await self._catalog.load(_KIND)).values():
            topic = msgspec.json.decode(value, type=Topic)
            self._topics[topic.arn] = topic
            self._feeds.keep_log(topic.arn, archive_age(topic))
            if topic.fifo:
                await self._publishing.remember(topic)
        await self.subscriptions.load()

    async def run(self) -> None:
        """Forever: delete subscriptions that nobody confirmed."""
        await every(_SWEEP, self._clock, self.subscriptions.sweep, "unconfirmed subscriptions can't be deleted")

    # --- topics -----------------------------------------------------------------------------------------------------

    def get(self, arn: str) -> Topic:
        """The topic with ``arn``. Raises NotFound."""
        topic = self._topics.get(arn)
        if topic is None:
            raise no_topic()
        return topic

    def archive_begins(self, topic: Topic) -> int | None:
        """From when on (ms) its messages can be replayed; None for a topic that archives none."""
        return archive_begins(topic, self._clock.now())

    def find(self, account: str, region: str) -> list[Topic]:
        """The topics of an account in a region, by name."""
        start = topic_arn(account, region, "")
        return [self._topics[arn] for arn in sorted(self._topics) if arn.startswith(start)]

    async def create(
        self,
        account: str,
        region: str,
        name: str,
        attributes: Mapping[str, str],
        tags: Mapping[str, str],
        data_protection: str | None = None,
    ) -> Topic:
        """Make a topic, or answer with the one that is there if it was given the same attributes and tags."""
        if attributes.get("FifoTopic", "false") not in ("true", "false"):
            raise invalid("Attributes Reason: FifoTopic must be true or false")
        fifo = attributes.get("FifoTopic") == "true"
        check_name(name, fifo)
        given = check_topic_attributes({key: attributes[key] for key in attributes if key != "FifoTopic"}, fifo)
        check_tags(tags)
        arn = topic_arn(account, region, name)
        async with self._turn:
            there = self._topics.get(arn)
            if there is not None:
                if any(there.attributes.get(key, "") != value for key, value in given.items()):
                    raise invalid("Attributes Reason: Topic already exists with different attributes")
                if tags and dict(tags) != there.tags:
                    raise invalid("Tags Reason: Topic already exists with different tags")
                return there
            protection = check_data_protection(data_protection or "")
            kept = {key: value for key, value in given.items() if value}
            now = self._clock.now()
            topic = Topic(arn, account, region, name, now, kept, dict(tags), protection)
            if archive_days(kept.get("ArchivePolicy", "")) is not None:
                topic = msgspec.structs.replace(topic, archived=now)
            await self._keep(topic)
            self._publishing.forget(arn)
            self._feeds.keep_log(arn, archive_age(topic))
            return topic

    async def delete(self, arn: str) -> None:
        """Delete a topic with its subscriptions; one that is not there counts as deleted. Raises Conflict for one that
        archives its messages."""
        async with self._turn:
            if arn not in self._topics:
                return
            if "ArchivePolicy" in self._topics[arn].attributes:
                raise Conflict("A topic with an ArchivePolicy can't be deleted.", "InvalidState")
            gone = self.subscriptions.changes_without(arn)
            await self._catalog.apply([*gone, Change(_KIND, arn, None)])
            del self._topics[arn]
            self.subscriptions.drop(arn)
            self._publishing.forget(arn)
            self._feeds.drop_log(arn)

    async def set_attribute(self, arn: str, name: str, value: str) -> None:
        """Change one attribute; an empty text takes it away."""
        async with self._turn:
            topic = self.get(arn)
            kept = check_topic_attribute(name, value, topic.fifo)
            if name == "ArchivePolicy":
                kept = value if archive_days(value) is not None else ""
                since = topic.archived or self._clock.now()
                topic = msgspec.structs.replace(topic, archived=since if kept else None)
            attributes = {key: text for key, text in (topic.attributes | {name: kept}).items() if text}
            await self._keep(msgspec.structs.replace(topic, attributes=attributes))
            if name in _SHOWN:
                self.subscriptions.refresh(arn)
            if name == "ArchivePolicy":
                self._feeds.keep_log(arn, archive_age(self.get(arn)))

    async def set_data_protection(self, arn: str, policy: str) -> None:
        """Set the data protection policy; an empty text takes it away."""
        async with self._turn:
            topic = self.get(arn)
            await self._keep(msgspec.structs.replace(topic, data_protection=check_data_protection(policy)))

    async def tag(self, arn: str, tags: Mapping[str, str], without: Sequence[str] = ()) -> None:
        """Add tags or replace their values, and take some away; those that are not there count as taken."""
        async with self._turn:
            topic = self.get(arn)
            kept = {key: value for key, value in (topic.tags | dict(tags)).items() if key not in without}
            check_tags(kept)
            await self._keep(msgspec.structs.replace(topic, tags=kept))

    # --- messages ---------------------------------------------------------------------------------------------------

    def check(self, arn: str, message: Message) -> None:
        """Raises NotFound without the topic, InvalidRequest for a message that it does not take."""
        check(self.get(arn), message)

    async def publish(self, arn: str, messages: Sequence[Message]) -> list[Receipt]:
        """Publish messages that have been checked; durable when this returns."""
        return await self._publishing.publish(self.get(arn), messages)

    async def deliver(self, arn: str, letters: Sequence[tuple[str, str]]) -> None:
        """Publish what rules deliver, as (message id, message). Raises NotFound without the topic, InvalidRequest for
        what it does not take."""
        topic = self.get(arn)
        messages = [Message(text) for _, text in letters]
        for message in messages:
            check(topic, message)
        await self._publishing.publish(topic, messages, [id for id, _ in letters])

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _keep(self, topic: Topic) -> None:
        await self._catalog.apply([Change(_KIND, topic.arn, _encode(topic))])
        self._topics[topic.arn] = topic
