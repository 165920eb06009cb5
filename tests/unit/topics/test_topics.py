"""What topics remember, repeat and let go of: duplicates, failures of the store, restarts, expired tokens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from eventyard.bus import BusFeeds, Directory, Engine
from eventyard.clock import ManualClock, settle
from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.event import Event
from eventyard.store import Store
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import DELIVERED, Delivery, Outcome, QueueMessage, Retry, Target
from eventyard.targets.letters import LetterTarget
from eventyard.topics import Attribute, Delivering, Message, Receipt, Signer, Topics, Ways

#: For so long (seconds) deliveries are tried, whatever the policy says.
LONGEST = 3 * 3600

ACCOUNT, REGION = "123456789012", "eu-west-1"
QUEUE, DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"


class Endpoint:
    """An HTTP endpoint in this process: it notes when it was called and what it was told, and answers as ``place`` has
    it."""

    batch_size, place = 16, None

    def __init__(self, home: Place, headers: Callable[[Delivery], Sequence[tuple[str, str]]]) -> None:
        self._home = home
        self._headers = headers

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        for item in batch:
            kind = dict(self._headers(item))["x-amz-sns-message-type"]
            self._home.posts.append((self._home.clock.now(), kind, json.loads(item.payload)))
        return [self._home.outcome] * len(batch)


class Place:
    """Topics with everything that they need, on a store that may have lived before; its queues are lists."""

    def __init__(self, store: Store, clock: ManualClock, queues: dict[str, list[QueueMessage]]) -> None:
        self.store, self.clock, self.queues = store, clock, queues
        self.full = False
        self.full_queues: set[str] = set()
        self.posts: list[tuple[int, str, dict[str, Any]]] = []
        self.outcome: Outcome = DELIVERED
        self.gate = asyncio.Event()
        self.gate.set()
        directory = Directory(store.catalog, clock)
        self.engine = Engine(store.log, store.progress, directory, clock, _no_target, _no_queue)
        tokens = iter(f"token-{number}" for number in range(100))
        self.topics = Topics(
            store.catalog,
            store.log,
            self.publish,
            BusFeeds(self.engine, LONGEST * 1000),
            Delivering(Ways(partial(LetterTarget, self.send), self.post, _none, _none), self.send, Signer(None, clock)),
            clock,
            lambda: next(tokens),
        )

    async def start(self) -> None:
        await self.topics.load()
        await self.engine.start()

    async def again(self) -> Place:
        """A new server on what this one left behind."""
        closing = asyncio.ensure_future(self.engine.close())
        await self.clock.advance(1)
        await closing
        place = Place(self.store, self.clock, self.queues)
        await place.start()
        return place

    async def publish(self, log: str, events: Sequence[Event]) -> None:
        await self.gate.wait()
        if self.full:
            raise TryAgain("The disk is full.")
        await self.store.log.append(log, events)

    async def send(self, arn: str, messages: Sequence[QueueMessage]) -> None:
        if arn in self.full_queues:
            raise TryAgain("The disk is full.")
        if arn not in self.queues:
            raise NotFound("The specified queue does not exist.")
        if any(len(message.attributes) + len(message.typed) > 10 for message in messages):
            raise InvalidRequest("Too many attributes.")
        self.queues[arn] += messages

    def post(
        self, url: str, headers: Callable[[Delivery], Sequence[tuple[str, str]]], per_second: int | None
    ) -> Endpoint:
        return Endpoint(self, headers)

    async def topic(self, name: str = "t", **attributes: str) -> str:
        return (await self.topics.create(ACCOUNT, REGION, name, attributes, {})).arn

    async def subscribe(self, topic: str, queue: str = QUEUE, owner: str = ACCOUNT, **attributes: str) -> str:
        made = await self.topics.subscriptions.subscribe(topic, "sqs", queue, attributes, owner, "http://here")
        return made.arn

    async def say(self, topic: str, text: str, **more: Any) -> Receipt:
        message = Message(text, **more)
        self.topics.check(topic, message)
        (receipt,) = await self.topics.publish(topic, [message])
        await settle()
        return receipt

    def bodies(self, queue: str = QUEUE) -> list[str]:
        return [message.body for message in self.queues[queue]]


def _none(arn: str) -> Target:
    raise InvalidRequest(f"No Firehose stream and no function {arn}.")


def _no_target(arn: str, parameters: Any) -> Target:
    raise InvalidRequest(f"No target for {arn}.")


async def _no_queue(arn: str, payload: bytes, attributes: Any) -> bool:
    return False


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    store: MemoryStore = await open_memory()
    place = Place(store, ManualClock(), {QUEUE: [], DEAD: []})
    await place.start()
    yield place
    await place.engine.close()
    await store.close()


async def test_duplicate_is_forgotten_after_five_minutes(place: Place) -> None:
    topic = await place.topic("t.fifo", FifoTopic="true")
    await place.subscribe(topic, RawMessageDelivery="true")
    first = await place.say(topic, "1", group="g", dedup="d")
    await place.clock.advance(299)
    assert await place.say(topic, "2", group="h", dedup="d") == first
    await place.clock.advance(1)
    third = await place.say(topic, "3", group="g", dedup="d")
    assert (third.sequence or "") > (first.sequence or "")
    assert place.bodies() == ["1", "3"]


async def test_duplicate_is_known_after_a_restart(place: Place) -> None:
    topic = await place.topic("t.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    await place.subscribe(topic, RawMessageDelivery="true")
    first = await place.say(topic, "1", group="g")
    place = await place.again()
    assert await place.say(topic, "1", group="g") == first
    await place.clock.advance(300)
    place = await place.again()
    assert await place.say(topic, "1", group="g") != first
    assert place.bodies() == ["1", "1"]
    await place.engine.close()


async def test_groups_share_their_duplicates_only_if_the_topic_says_so(place: Place) -> None:
    topic = await place.topic("t.fifo", FifoTopic="true", FifoThroughputScope="MessageGroup")
    await place.subscribe(topic, RawMessageDelivery="true")
    first = await place.say(topic, "1", group="g", dedup="d")
    assert await place.say(topic, "2", group="h", dedup="d") != first
    assert await place.say(topic, "3", group="h", dedup="d") != first
    assert place.bodies() == ["1", "2"]


async def test_message_that_could_not_be_stored_is_no_duplicate(place: Place) -> None:
    topic = await place.topic("t.fifo", FifoTopic="true")
    await place.subscribe(topic, RawMessageDelivery="true")
    place.full = True
    with pytest.raises(TryAgain):
        await place.say(topic, "1", group="g", dedup="d")
    place.full = False
    await place.say(topic, "2", group="g", dedup="d")
    assert place.bodies() == ["2"]


@pytest.mark.parametrize("full", [False, True])
async def test_duplicate_is_answered_when_the_first_is_durable(place: Place, full: bool) -> None:
    topic = await place.topic("t.fifo", FifoTopic="true")
    place.gate.clear()
    first = asyncio.ensure_future(place.say(topic, "1", group="g", dedup="d"))
    await settle()
    second = asyncio.ensure_future(place.say(topic, "1", group="g", dedup="d"))
    await settle()
    assert not second.done()
    place.full = full
    place.gate.set()
    answers = await asyncio.gather(first, second, return_exceptions=True)
    if full:
        assert [type(answer) for answer in answers] == [TryAgain, TryAgain]
    else:
        assert answers[0] == answers[1]


async def test_message_of_the_rest_of_a_deleted_topic_is_no_duplicate(place: Place) -> None:
    topic = await place.topic("t.fifo", FifoTopic="true")
    first = await place.say(topic, "1", group="g", dedup="d")
    await place.topics.delete(topic)
    await place.clock.advance(1)
    await place.topic("t.fifo", FifoTopic="true")
    assert await place.say(topic, "1", group="g", dedup="d") != first
    place = await place.again()
    assert await place.say(topic, "1", group="g", dedup="d") != first
    await place.engine.close()


async def test_undelivered_message_is_delivered_after_a_restart(place: Place) -> None:
    topic = await place.topic()
    await place.subscribe(topic, RawMessageDelivery="true", FilterPolicy='{"n": [1]}')
    place.full_queues = {QUEUE}
    one = {"n": Attribute("Number", "1")}
    await place.say(topic, "wanted", attributes=one)
    await place.say(topic, "not wanted", attributes={"n": Attribute("Number", "2")})
    assert place.bodies() == []
    place = await place.again()
    await place.clock.advance(2)
    assert place.bodies() == ["wanted"]
    await place.engine.close()


async def test_nothing_overtakes_a_message_in_a_fifo_queue(place: Place) -> None:
    topic, queue = await place.topic("t.fifo", FifoTopic="true"), QUEUE + ".fifo"
    place.queues[queue] = []
    await place.subscribe(topic, queue, RawMessageDelivery="true")
    place.full_queues = {queue}
    for number in range(3):
        await place.say(topic, str(number), group="g", dedup=str(number))
        await place.clock.advance(10)
    place = await place.again()
    await place.say(topic, "3", group="g", dedup="3")
    await place.clock.advance(1)
    assert place.bodies(queue) == ["0", "1", "2", "3"]
    await place.engine.close()


async def test_message_is_dead_lettered_once_it_is_too_old(place: Place) -> None:
    topic = await place.topic()
    await place.subscribe(topic, RedrivePolicy=json.dumps({"deadLetterTargetArn": DEAD}))
    place.full_queues = {QUEUE}
    await place.say(topic, "late")
    await place.clock.advance(LONGEST)
    assert place.bodies() == []
    (letter,) = place.queues[DEAD]
    assert json.loads(letter.body)["Message"] == "late"
    assert letter.attributes["ErrorCode"] == "ThrottlingException"


async def test_token_confirms_for_two_days(place: Place) -> None:
    topic = await place.topic()
    await place.subscribe(topic, owner="000000000001")
    await settle()
    (request,) = place.bodies()
    token = json.loads(request)["Token"]
    await place.clock.advance(2 * 86_400 + 1)
    with pytest.raises(InvalidRequest, match="Invalid parameter: Token"):
        await place.topics.subscriptions.confirm(topic, token, lock=False, authenticated=False)
    await place.subscribe(topic, owner="000000000001")
    await settle()
    again = json.loads(place.bodies()[1])["Token"]
    assert again != token
    confirmed = await place.topics.subscriptions.confirm(topic, again, lock=False, authenticated=False)
    assert confirmed.token is None


async def test_unconfirmed_subscription_can_be_confirmed_after_a_restart(place: Place) -> None:
    topic = await place.topic()
    arn = await place.subscribe(topic, owner="000000000001")
    await settle()
    place = await place.again()
    await place.say(topic, "too early")
    token = json.loads(place.bodies()[0])["Token"]
    await place.topics.subscriptions.confirm(topic, token, lock=True, authenticated=True)
    await place.say(topic, "now")
    assert [json.loads(body).get("Message") for body in place.bodies()[1:]] == ["now"]
    assert place.topics.subscriptions.get(arn).locked
    await place.engine.close()


@pytest.mark.parametrize(
    "text",
    [
        '{"n": ' + "[" * 2_000 + "]" * 2_000 + "}",
        '{"n": ' + "9" * 5_000 + "}",
        '{"n": 1e999}',
        '{"n": "\\ud800"}',
        "\x00\x7f",
    ],
)
async def test_odd_message_reaches_who_does_not_filter_its_body(place: Place, text: str) -> None:
    topic = await place.topic()
    await place.subscribe(topic, RawMessageDelivery="true")
    await place.subscribe(topic, DEAD, FilterPolicy='{"m": [1]}', FilterPolicyScope="MessageBody")
    await place.say(topic, text)
    assert place.bodies() == [text]
    assert place.bodies(DEAD) == []


@pytest.mark.parametrize("number", ["9" * 200, "-.5e-3", "+7", " 1.5 ", "123456789012345678901234567890"])
async def test_odd_number_can_be_filtered(place: Place, number: str) -> None:
    topic = await place.topic()
    await place.subscribe(topic, RawMessageDelivery="true", FilterPolicy='{"n": [{"anything-but": [8]}]}')
    await place.say(topic, "x", attributes={"n": Attribute("Number", number)})
    assert place.bodies() == ["x"]


@pytest.mark.parametrize("number", ["1e999", "9" * 400, "0x1", "1_0", "", "nan"])
async def test_what_is_no_number_is_refused(place: Place, number: str) -> None:
    topic = await place.topic()
    with pytest.raises(InvalidRequest):
        place.topics.check(topic, Message("x", attributes={"n": Attribute("Number", number)}))


async def test_standard_topic_hands_its_group_to_standard_queues(place: Place) -> None:
    topic = await place.topic()
    await place.subscribe(topic)
    await place.say(topic, "x", group="tenant")
    assert place.queues[QUEUE][0].group == "tenant"


async def test_fifo_topic_keeps_its_group_from_standard_queues(place: Place) -> None:
    topic = await place.topic("t.fifo", FifoTopic="true")
    await place.subscribe(topic)
    await place.say(topic, "x", group="g", dedup="d")
    assert (place.queues[QUEUE][0].group, place.queues[QUEUE][0].dedup) == (None, None)


async def test_refused_change_leaves_everything_as_it_was(place: Place) -> None:
    topic = await place.topic()
    arn = await place.subscribe(topic, RawMessageDelivery="true")
    with pytest.raises(InvalidRequest):
        await place.topics.subscriptions.set_attribute(arn, "FilterPolicy", '{"a": 1}')
    await place.say(topic, "x")
    assert place.bodies() == ["x"]
    assert place.topics.subscriptions.get(arn).attributes == {"RawMessageDelivery": "true"}


HOOK = "http://example.com/hook"


async def hook(place: Place, topic: str, **attributes: str) -> str:
    """Subscribe the endpoint and confirm it; the subscription's ARN."""
    arn = (await place.topics.subscriptions.subscribe(topic, "http", HOOK, attributes, ACCOUNT, "http://here")).arn
    await settle()
    await place.topics.subscriptions.confirm(topic, place.posts[-1][2]["Token"], False, False)
    return arn


async def test_unconfirmed_subscription_is_deleted_after_two_days(place: Place) -> None:
    topic = await place.topic()
    await place.topics.subscriptions.subscribe(topic, "http", HOOK, {}, ACCOUNT, "http://here")
    await place.clock.advance(2 * 86_400)
    await place.topics.subscriptions.sweep()
    assert len(place.topics.subscriptions.of_topic(topic)) == 1
    await place.clock.advance(1)
    await place.topics.subscriptions.sweep()
    assert place.topics.subscriptions.of_topic(topic) == []
    assert (await place.again()).topics.subscriptions.of_topic(topic) == []


async def test_confirmed_subscription_stays(place: Place) -> None:
    topic = await place.topic()
    arn = await hook(place, topic)
    await place.clock.advance(3 * 86_400)
    await place.topics.subscriptions.sweep()
    assert place.topics.subscriptions.get(arn).token is None


async def test_endpoint_is_tried_three_times_more_twenty_seconds_apart(place: Place) -> None:
    topic = await place.topic()
    await hook(place, topic)
    place.posts.clear()
    place.outcome = Retry("SERVER_ERROR", "status 503")
    await place.say(topic, "x")
    await place.clock.advance(3600)
    times = [at for at, _, _ in place.posts]
    assert len(times) == 4
    assert all(20_000 <= later - earlier <= 23_000 for earlier, later in pairwise(times))


async def test_topics_delivery_policy_holds_for_its_subscriptions_at_once(place: Place) -> None:
    topic = await place.topic()
    await hook(place, topic)
    place.posts.clear()
    place.outcome = Retry("SERVER_ERROR", "status 503")
    policy = {"http": {"defaultHealthyRetryPolicy": {"numRetries": 1, "minDelayTarget": 5}}}
    await place.topics.set_attribute(topic, "DeliveryPolicy", json.dumps(policy))
    await place.say(topic, "x")
    await place.clock.advance(3600)
    assert len(place.posts) == 2


async def test_subscription_that_a_stranger_ended_is_gone_after_two_days(place: Place) -> None:
    topic = await place.topic()
    arn = await hook(place, topic)
    await place.topics.subscriptions.unsubscribe(arn, "")
    await settle()
    kind, document = place.posts[-1][1:]
    assert kind == "UnsubscribeConfirmation"
    place = await place.again()
    assert place.topics.subscriptions.of_topic(topic) == []
    await place.clock.advance(2 * 86_400 + 1)
    await place.topics.subscriptions.sweep()
    with pytest.raises(InvalidRequest, match="Token"):
        await place.topics.subscriptions.confirm(topic, document["Token"], False, False)


async def test_endpoint_that_subscribes_again_after_its_end_is_a_new_subscription(place: Place) -> None:
    topic = await place.topic()
    arn = await hook(place, topic)
    await place.topics.subscriptions.unsubscribe(arn, "")
    await settle()
    assert await hook(place, topic) != arn
    await place.say(topic, "x")
    assert place.posts[-1][2]["Message"] == "x"
