"""The subscriptions of topics: made, confirmed, changed and ended. Each is a feed on its topic's log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import EventyardError, Forbidden
from eventyard.event import new_ids
from eventyard.feed import Feeds
from eventyard.store import Catalog, Change, EventLog
from eventyard.topics.archiving import Span, span_of
from eventyard.topics.delivery import Delivering
from eventyard.topics.message import confirmation_of, farewell_of
from eventyard.topics.publishing import Publish
from eventyard.topics.refusals import invalid, no_subscription
from eventyard.topics.resources import HTTP, Replay, Subscription, Topic, check_endpoint, check_subscription

log = structlog.get_logger("topics")

_KIND = "topic-subscription"
#: API reference, Subscribe: confirmation tokens are valid for two days. What nobody confirmed is then deleted
#: ("Amazon SNS now supports automatic deletion of unconfirmed subscriptions ... 48 hours").
_TOKEN_AGE = 2 * 86_400_000
#: So many tokens of one subscription are good at once; the oldest go first.
_MOST_TOKENS = 20
_encode = msgspec.json.Encoder().encode

MakeToken = Callable[[], str]
"""A fresh text that nobody can guess."""


class Subscriptions:
    """Reads answer from memory; changes are coroutines that take their ``turn`` and return when they are durable.

    ``topic``: the topic with an ARN; raises NotFound."""

    def __init__(
        self,
        catalog: Catalog,
        eventlog: EventLog,
        feeds: Feeds,
        delivering: Delivering,
        publish: Publish,
        clock: Clock,
        make_token: MakeToken,
        turn: asyncio.Lock,
        topic: Callable[[str], Topic],
    ) -> None:
        self._catalog = catalog
        self._log = eventlog
        self._feeds = feeds
        self._delivering = delivering
        self._publish = publish
        self._clock = clock
        self._make_token = make_token
        self._turn = turn
        self._topic = topic
        self._by_topic: dict[str, dict[str, Subscription]] = {}

    async def load(self) -> None:
        """Bring all back. Call once, before the engine starts."""
        for value in (await self._catalog.load(_KIND)).values():
            subscription = msgspec.json.decode(value, type=Subscription)
            try:
                self._note(subscription)
            except EventyardError as error:
                # What an earlier revision took must not keep the server from starting.
                log.error("a subscription can't be delivered to", arn=subscription.arn, reason=error.message)

    def get(self, arn: str) -> Subscription:
        """The subscription with ``arn``. Raises NotFound."""
        found = self._by_topic.get(arn.rpartition(":")[0], {}).get(arn)
        if found is None or found.ended:
            raise no_subscription()
        return found

    def of_topic(self, arn: str) -> list[Subscription]:
        """The subscriptions of a topic, by ARN. Raises NotFound without the topic."""
        self._topic(arn)
        return [found for _, found in sorted(self._by_topic.get(arn, {}).items()) if not found.ended]

    def of_account(self, account: str, region: str) -> list[Subscription]:
        """The subscriptions that an account made in a region, by ARN."""
        return sorted(
            (
                found
                for topic, subscriptions in self._by_topic.items()
                if topic.split(":")[3] == region
                for found in subscriptions.values()
                if found.owner == account and not found.ended
            ),
            key=lambda found: found.arn,
        )

    async def subscribe(
        self, topic_arn: str, protocol: str, endpoint: str, attributes: Mapping[str, str], owner: str, url: str
    ) -> Subscription:
        """Subscribe, or answer with the subscription that is there if it has the same attributes.

        An endpoint that is not ``owner``'s own has to be confirmed: the request to do so is sent to it."""
        async with self._turn:
            topic = self._topic(topic_arn)
            account = check_endpoint(topic, protocol, endpoint)
            given = check_subscription(topic, protocol, attributes)
            there = self._there(topic_arn, protocol, endpoint)
            if there is not None and attributes and given != there.attributes:
                raise invalid("Attributes Reason: Subscription already exists with different attributes")
            if there is not None and there.token is None:
                return there
            now = self._clock.now()
            arn = there.arn if there is not None else f"{topic_arn}:{new_ids(1, now)[0]}"
            own = account == owner
            subscription = Subscription(
                arn=arn,
                topic=topic_arn,
                protocol=protocol,
                endpoint=endpoint,
                owner=owner,
                url=url,
                created=now,
                attributes=given if there is None or attributes else there.attributes,
                token=None if own else self._make_token(),
                authenticated=own,
                locked=own,
                earlier=() if there is None else _tokens(there, now),
            )
            span = span_of(topic, given.get("ReplayPolicy", ""), now)
            if span is not None and not own:
                raise invalid("ReplayPolicy: the subscription has to be confirmed before.")
            await self._keep(subscription)
            if span is not None:
                await self._replay(subscription, span)
            if subscription.token is not None:
                event = confirmation_of(topic, arn, subscription.token, new_ids(1, now)[0], now)
                await self._publish(topic_arn, [event])
            return subscription

    async def confirm(self, topic_arn: str, token: str, lock: bool, authenticated: bool) -> Subscription:
        """Confirm the subscription that ``token`` was sent to, or restore one that has ended. ``lock``: whether only
        its owner may end it. One that is confirmed is left as it is: tokens are good for their whole age (API
        reference, Subscribe), and whoever visits a URL may do it twice."""
        async with self._turn:
            self._topic(topic_arn)
            now = self._clock.now()
            for found in self._by_topic.get(topic_arn, {}).values():
                tokens = _tokens(found, now)
                if any(token == known for known, _ in tokens):
                    if found.token is None:
                        return found
                    confirmed = msgspec.structs.replace(
                        found, token=None, authenticated=authenticated, locked=lock, ended=False, earlier=tokens
                    )
                    await self._keep(confirmed)
                    return confirmed
        raise invalid("Token")

    async def set_attribute(self, arn: str, name: str, value: str) -> None:
        """Change one attribute; an empty text takes it away. A ReplayPolicy has the past delivered once more."""
        async with self._turn:
            subscription = self.get(arn)
            topic = self._topic(subscription.topic)
            kept = check_subscription(topic, subscription.protocol, subscription.attributes | {name: value})
            if name != "ReplayPolicy":
                await self._keep(msgspec.structs.replace(subscription, attributes=kept))
                return
            span = span_of(topic, value, self._clock.now())
            if span is None:
                kept.pop(name, None)
            changed = msgspec.structs.replace(subscription, attributes=kept)
            if span is not None:
                await self._replay(changed, span)
            else:
                await self._stop_replay(changed)

    def replay_status(self, subscription: Subscription) -> str | None:
        """How the replay of a subscription stands, in SNS's words; None if it has none."""
        if subscription.replay is None:
            return None
        return "In progress" if self._feeds.behind(subscription.arn) else "Completed"

    async def unsubscribe(self, arn: str, account: str) -> None:
        """End a subscription. Raises NotFound; Forbidden for one that is locked and neither whose topic nor itself is
        the account's. The endpoint of one that somebody else than its owner ends is told, and can restore it (API
        reference, Unsubscribe)."""
        async with self._turn:
            subscription = self.get(arn)
            topic = self._topic(subscription.topic)
            if subscription.locked and account not in (subscription.owner, topic.account):
                raise Forbidden(
                    f"User: arn:aws:iam::{account}:root is not authorized to perform: SNS:Unsubscribe on resource: "
                    f"{arn}",
                    "AuthorizationError",
                )
            confirmed = subscription.token is None
            if subscription.protocol not in HTTP or account == subscription.owner or not confirmed:
                await self._remove(subscription)
                return
            now, token = self._clock.now(), self._make_token()
            ended = msgspec.structs.replace(subscription, token=token, created=now, ended=True, earlier=())
            await self._keep(ended)
            await self._publish(topic.arn, [farewell_of(topic, arn, token, new_ids(1, now)[0], now)])

    async def sweep(self) -> None:
        """Delete what nobody confirmed in time."""
        async with self._turn:
            oldest = self._clock.now() - _TOKEN_AGE
            for subscriptions in list(self._by_topic.values()):
                for found in list(subscriptions.values()):
                    if found.token is not None and found.created < oldest:
                        await self._remove(found)

    # --- for the topics, which call these in turn ---------------------------------------------------------------------

    def changes_without(self, topic: str) -> list[Change]:
        """What deletes the subscriptions of ``topic``."""
        return [Change(_KIND, arn, None) for arn in self._by_topic.get(topic, {})]

    def drop(self, topic: str) -> None:
        """They have been deleted."""
        for arn in self._by_topic.pop(topic, {}):
            self._feeds.forget(arn)

    def refresh(self, topic: str) -> None:
        """The topic has changed, and so may what its subscriptions are sent, or when."""
        for subscription in self._by_topic.get(topic, {}).values():
            self._note(subscription)

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _replay(self, subscription: Subscription, span: Span) -> None:
        """Take the subscription back to the beginning of ``span``. It loses nothing that it has not got yet."""
        log, stood = subscription.topic, self._feeds.stands(subscription.arn)
        start = await self._log.locate(log, span.since) - 1
        end = None if span.until is None else await self._log.locate(log, span.until + 1) - 1
        number = subscription.replays + 1
        replay = Replay(self._clock.now(), stood, end, number)
        await self._keep(msgspec.structs.replace(subscription, replay=replay, replays=number))
        await self._feeds.move(subscription.arn, min(start, stood))

    async def _stop_replay(self, subscription: Subscription) -> None:
        """Go on where the subscription stood before; after a replay with an end, with what comes from now on."""
        replay = subscription.replay
        await self._keep(msgspec.structs.replace(subscription, replay=None))
        if replay is not None and self._feeds.behind(subscription.arn):
            await self._feeds.move(subscription.arn, replay.stood if replay.end is None else None)

    def _there(self, topic: str, protocol: str, endpoint: str) -> Subscription | None:
        for found in self._by_topic.get(topic, {}).values():
            if (found.protocol, found.endpoint, found.ended) == (protocol, endpoint, False):
                return found
        return None

    async def _keep(self, subscription: Subscription) -> None:
        feed = self._delivering.feed(self._topic(subscription.topic), subscription)  # first, since it can be refused
        await self._catalog.apply([Change(_KIND, subscription.arn, _encode(subscription))])
        self._by_topic.setdefault(subscription.topic, {})[subscription.arn] = subscription
        self._feeds.keep(feed)

    async def _remove(self, subscription: Subscription) -> None:
        await self._catalog.apply([Change(_KIND, subscription.arn, None)])
        del self._by_topic[subscription.topic][subscription.arn]
        self._feeds.forget(subscription.arn)

    def _note(self, subscription: Subscription) -> None:
        self._by_topic.setdefault(subscription.topic, {})[subscription.arn] = subscription
        self._feeds.keep(self._delivering.feed(self._topic(subscription.topic), subscription))


def _tokens(subscription: Subscription, now: int) -> tuple[tuple[str, int], ...]:
    """The tokens of a subscription that are good, each with when it was sent."""
    last = () if subscription.token is None else ((subscription.token, subscription.created),)
    found = [each for each in (*subscription.earlier, *last) if now - each[1] <= _TOKEN_AGE]
    return tuple(found[-_MOST_TOKENS:])
