"""Plays the story: a server in a temporary directory, services as real clients, a live view, and a check at the end."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from eventyard.cli.client import aws_client
from eventyard.cli.demo.story import BROKEN, LISTENERS, Listener, tell, wants
from eventyard.errors import Broken

_CARS = 500
_BUS = "cars"
_PATIENCE = 60.0


class Yard:
    """The services of the story: their queues, what each received, and what each should receive."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.events = aws_client("events", endpoint)
        self.sqs = aws_client("sqs", endpoint)
        self.queues: dict[str, str] = {}
        self.received: Counter[str] = Counter()
        self.expected: Counter[str] = Counter()
        self.published = 0
        self.last: dict[str, str] = {}
        self.letters: list[dict[str, Any]] = []
        self.done = threading.Event()

    def build(self) -> None:
        """Make the bus, the queues and the rules; then delete the queue that one rule points to."""
        self.events.create_event_bus(Name=_BUS)
        self.queues["dead-letters"] = self.sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
        for listener in [*LISTENERS, BROKEN]:
            self.queues[listener.name] = self.sqs.create_queue(QueueName=listener.name)["QueueUrl"]
            self._wire(listener)
        self.sqs.delete_queue(QueueUrl=self.queues.pop(BROKEN.name))

    def publish(self) -> None:
        """Tell the story, ten events a request."""
        batch: list[dict[str, Any]] = []
        for entry in tell(_CARS):
            detail = json.loads(entry["Detail"])
            for listener in [*LISTENERS, BROKEN]:
                if wants(listener.name, entry, detail):
                    self.expected["dead-letters" if listener is BROKEN else listener.name] += 1
            batch.append(entry | {"EventBusName": _BUS})
            if len(batch) == 10:
                self._put(batch)
                batch = []
        if batch:
            self._put(batch)

    def consume(self, name: str) -> None:
        """One service: receive and delete until the story is over."""
        sqs = aws_client("sqs", self.endpoint)
        while not self.done.is_set():
            answer = sqs.receive_message(
                QueueUrl=self.queues[name],
                MaxNumberOfMessages=10,
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                continue
            self.received[name] += len(messages)
            self.last[name] = _show(messages[-1]["Body"])
            if name == "dead-letters":
                self.letters += messages
            entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=self.queues[name], Entries=entries)

    @property
    def complete(self) -> bool:
        return self.received == self.expected

    def view(self) -> Table:
        """The table of the moment."""
        table = Table(title=f"{self.published:,} events published on bus '{_BUS}'", expand=True)
        table.add_column("service", style="bold", min_width=13)
        table.add_column("received", justify="right", style="cyan", min_width=8)
        table.add_column("last message", overflow="ellipsis", no_wrap=True, style="dim", ratio=1)
        for name in self.queues:
            table.add_row(name, f"{self.received[name]:,}", self.last.get(name, ""))
        return table

    def explain(self) -> str:
        """Why a rule does not match an event, in the server's words."""
        event = {
            "version": "0",
            "id": "00000000-0000-0000-0000-000000000000",
            "detail-type": "PaymentFailed",
            "source": "uk.co.cars.sales",
            "account": "123456789012",
            "time": "2026-11-23T12:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {"vrm": "AB12 0001", "make": "Ford", "amount": 9_500},
        }
        body = json.dumps({"rule": "fraud-watch", "bus": _BUS, "event": event}).encode()
        with urllib.request.urlopen(f"{self.endpoint}/_eventyard/explain", data=body, timeout=5) as answer:
            text: str = json.load(answer)["text"]
        return text

    def _wire(self, listener: Listener) -> None:
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queues[listener.name], AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        dead = arn.rsplit(":", 1)[0] + ":dead-letters"
        target: dict[str, Any] = {"Id": "queue", "Arn": arn, "DeadLetterConfig": {"Arn": dead}}
        if listener.transform is not None:
            target["InputTransformer"] = listener.transform
        self.events.put_rule(Name=listener.name, EventBusName=_BUS, EventPattern=json.dumps(listener.pattern))
        self.events.put_targets(Rule=listener.name, EventBusName=_BUS, Targets=[target])

    def _put(self, batch: list[dict[str, Any]]) -> None:
        answer = self.events.put_events(Entries=batch)
        if answer["FailedEntryCount"]:
            raise Broken(f"The bus refused events: {answer['Entries']}")
        self.published += len(batch)


def play(once: bool) -> int:
    """The whole demo; 0 if every service received exactly what it should. With ``once`` it ends after the story."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="eventyard-demo-") as folder, _server(folder) as endpoint:
        console.print(f"[bold]Eventyard[/] runs on {endpoint}, its data in a temporary directory.\n")
        yard = Yard(endpoint)
        yard.build()
        threads = [threading.Thread(target=yard.consume, args=(name,), daemon=True) for name in yard.queues]
        for thread in threads:
            thread.start()
        try:
            return _play(console, yard, once)
        finally:
            yard.done.set()
            for thread in threads:
                thread.join()


def _play(console: Console, yard: Yard, once: bool) -> int:
    started = time.monotonic()
    teller = threading.Thread(target=yard.publish, daemon=True)
    teller.start()
    live = Live(yard.view(), console=console, refresh_per_second=8) if console.is_terminal else nullcontext()
    with live as screen:
        while (teller.is_alive() or not yard.complete) and time.monotonic() - started < _PATIENCE:
            time.sleep(0.1)
            if screen is not None:
                screen.update(yard.view())
        if screen is not None:
            screen.update(yard.view())
    seconds = time.monotonic() - started
    if not console.is_terminal:
        console.print(yard.view())
    status = _conclude(console, yard, seconds)
    if not once and status == 0:
        _stay(console, yard.endpoint)
    return status


def _conclude(console: Console, yard: Yard, seconds: float) -> int:
    if not yard.complete:
        console.print(f"[red]Not every service received what it should.[/] Expected {dict(yard.expected)}")
        return 1
    console.print(
        f"\n[green]Every service received exactly what it should[/]: {yard.received.total():,} deliveries of "
        f"{yard.published:,} events in {seconds:.1f} s."
    )
    attributes = yard.letters[0]["MessageAttributes"]
    console.print("\nThe queue of [bold]old-crm[/] was deleted. Nobody noticed, and its events are dead letters:")
    for name in ("RULE_ARN", "ERROR_CODE", "ERROR_MESSAGE"):
        console.print(f"  {name}: {attributes[name]['StringValue']}", style="dim")
    console.print("\nWhy did [bold]fraud-watch[/] not get the failed payment of 9,500?")
    console.print(f"  {yard.explain()}", style="yellow", highlight=False)
    return 0


def _stay(console: Console, endpoint: str) -> None:
    console.print(
        f"\nThe server stays up. Point your tools at it:\n\n  export AWS_ENDPOINT_URL={endpoint}\n"
        "  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1\n\n"
        "Ctrl-C ends it."
    )
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        console.print()


@contextmanager
def _server(folder: str) -> Iterator[str]:
    """A development server in a process of its own, on a free port."""
    command = [sys.executable, "-m", "eventyard", "dev", "--port", "0", "--data", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if "AWS_ENDPOINT_URL=" in line:
                    yield line.strip().rpartition("=")[2]
                    break
            else:
                raise Broken("The demo's server did not start; try `eventyard dev` to see why.")
        finally:
            process.terminate()
            process.wait(10)


def _show(body: str) -> str:
    """A message in a line."""
    message = json.loads(body)
    if "detail-type" not in message:
        return body
    detail = message["detail"]
    return f"{message['detail-type']}  {detail['make']} {detail['vrm']}  £{detail['amount']:,}"
