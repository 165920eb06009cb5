"""The services of the story as real clients of the server: what each received, and what each should receive."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from eventyard.cli.client import aws_client
from eventyard.cli.demo.story import DEAD_LETTERS, LISTENERS, Happening, Listener
from eventyard.errors import Broken

BUS = "cars"
_BATCH = 10


class Service:
    """A queue and what came out of it: event ids, each as often as it was received."""

    def __init__(self, name: str, purpose: str, url: str, late: bool = False) -> None:
        self.name = name
        self.purpose = purpose
        self.url = url
        self.late = late
        self.expected: set[str] = set()
        self.received: Counter[str] = Counter()
        self.depth = 0
        self.last: dict[str, Any] = {}
        self.letter: dict[str, Any] = {}

    @property
    def satisfied(self) -> bool:
        """It has, once each, exactly the events that were meant for it."""
        return len(self.expected) == self.received.total() and self.expected == set(self.received)

    @property
    def complaint(self) -> str:
        """What is wrong, in a sentence."""
        missing, extra = self.expected - set(self.received), set(self.received) - self.expected
        repeated = self.received.total() - len(self.received)
        return f"{self.name}: {len(missing)} events missing, {len(extra)} not meant for it, {repeated} repeated."


class Company:
    """The bus, the rules and the services. Everything goes through the server's public APIs."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.services: list[Service] = []
        self.published = 0
        self.latest: deque[Happening] = deque(maxlen=6)
        self.half = threading.Event()
        self.told = threading.Event()
        self.failure: BaseException | None = None
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._events = aws_client("events", endpoint)
        self._sqs = aws_client("sqs", endpoint)

    def found(self) -> None:
        """Make the bus, the queues and the rules; then delete the queue of the service that is gone."""
        self._events.create_event_bus(Name=BUS)
        dead = Service(DEAD_LETTERS, "what could not be delivered, and why", self._queue(DEAD_LETTERS))
        for listener in LISTENERS:
            url = self._queue(listener.name)
            self._subscribe(listener, url)
            if listener.gone:
                self._sqs.delete_queue(QueueUrl=url)
            else:
                self.services.append(Service(listener.name, listener.purpose, url, listener.late))
        self.services.append(dead)

    def start(self, cars: list[Happening], pace: float | None) -> None:
        """Let the services work, and the story happen at ``pace`` events a second (None: as fast as it goes)."""
        for work, args in [(self._publish, (cars, pace)), *((self._consume, (each,)) for each in self.services)]:
            thread = threading.Thread(target=self._guard, args=(work, *args), daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Let the services finish what they are at."""
        self._closing.set()
        self.half.set()
        for thread in self._threads:
            thread.join(5)

    def gauge(self) -> None:
        """Read the depth of every queue."""
        for service in self.services:
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            answer = self._sqs.get_queue_attributes(QueueUrl=service.url, AttributeNames=names)
            service.depth = sum(int(number) for number in answer["Attributes"].values())

    @property
    def finished(self) -> bool:
        """The story has been told, and nothing more is on the way."""
        return self.told.is_set() and all(each.satisfied and each.depth == 0 for each in self.services)

    def _publish(self, happenings: list[Happening], pace: float | None) -> None:
        start = time.monotonic()
        for batch in _batches(happenings):
            if self._closing.is_set():
                return
            if pace is not None:
                time.sleep(max(0.0, start + self.published / pace - time.monotonic()))
            answer = self._events.put_events(Entries=[_entry(each) for each in batch])
            if answer["FailedEntryCount"]:
                raise Broken(f"The bus refused events: {answer['Entries']}")
            for happening, row in zip(batch, answer["Entries"], strict=True):
                self._expect(happening, row["EventId"])
            self.published += len(batch)
            self.latest.extend(batch)
            if self.published * 2 >= len(happenings):
                self.half.set()
        self.told.set()

    def _expect(self, happening: Happening, event_id: str) -> None:
        wanted = {DEAD_LETTERS if each.gone else each.name for each in LISTENERS if each.wants(happening)}
        for service in self.services:
            if service.name in wanted:
                service.expected.add(event_id)

    def _consume(self, service: Service) -> None:
        """A service's whole life: receive, take note, delete."""
        sqs = aws_client("sqs", self.endpoint)
        if service.late:
            self.half.wait()
        while not self._closing.is_set():
            answer = sqs.receive_message(
                QueueUrl=service.url, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=1, MessageAttributeNames=["All"]
            )
            messages = answer.get("Messages", [])
            if not messages:
                continue
            for message in messages:
                body = json.loads(message["Body"])
                service.received[body.get("id") or body["event"]] += 1
                service.last, service.letter = body, message
            receipts = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=service.url, Entries=receipts)

    def _guard(self, work: Any, *args: Any) -> None:
        """A thread's failure belongs to the demo, which tells it once."""
        try:
            work(*args)
        except Exception as error:  # noqa: BLE001 - kept, and raised by whoever waits for the story
            self.failure = self.failure or error

    def _queue(self, name: str) -> str:
        url: str = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        return url

    def _subscribe(self, listener: Listener, url: str) -> None:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = answer["Attributes"]["QueueArn"]
        dead = arn.removesuffix(listener.name) + DEAD_LETTERS
        target: dict[str, Any] = {"Id": "queue", "Arn": arn, "DeadLetterConfig": {"Arn": dead}}
        if listener.transform is not None:
            target["InputTransformer"] = listener.transform
        self._events.put_rule(Name=listener.name, EventBusName=BUS, EventPattern=json.dumps(listener.pattern))
        self._events.put_targets(Rule=listener.name, EventBusName=BUS, Targets=[target])


def _batches(happenings: list[Happening]) -> Iterator[list[Happening]]:
    for start in range(0, len(happenings), _BATCH):
        yield happenings[start : start + _BATCH]


def _entry(happening: Happening) -> dict[str, str]:
    return {
        "EventBusName": BUS,
        "Source": f"uk.co.cars.{happening.service}",
        "DetailType": happening.kind,
        "Detail": json.dumps(happening.detail, ensure_ascii=False),
    }
