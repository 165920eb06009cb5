"""An account that is elsewhere sits the exam of targets, by a FIFO queue on another Eventyard."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from eventyard.clock import SystemClock
from eventyard.exams.target import Exam, Traits, exams_of
from eventyard.plugin import OpenTarget, Surroundings
from eventyard.target import Delivery, Outcome
from eventyard.targets.aws import AwsSettings, aws_kind
from eventyard.targets.http import Client, Guard, parse_networks
from tests.acceptance.server import Server

ACCOUNT = "999988887777"
_numbers = itertools.count(1)


class _Queue:
    """One queue of an account, as a target."""

    batch_size = 100
    place = None

    def __init__(self, account: Any, client: Client, arn: str) -> None:
        self._account = account
        self._client = client
        self._arn = arn

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        parameters = {"SqsParameters": {"MessageGroupId": "lots"}}
        outcomes: Sequence[Outcome] = await self._account.deliver(self._arn, parameters, batch)
        return outcomes

    async def close(self) -> None:
        await self._account.close()
        self._client.close()


class AwsPlace:
    traits = Traits(mortal=True, hangs=True, dedups=True, largest=200_000)

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = f"lots{next(_numbers)}.fifo"
        self._sqs = server.client("sqs", ACCOUNT)
        self._url = self._sqs.create_queue(QueueName=self.name, Attributes={"FifoQueue": "true"})["QueueUrl"]

    def target(self, seconds: float) -> OpenTarget:
        clock = SystemClock()
        guard = Guard(clock, parse_networks(["127.0.0.0/8"]))
        client = Client(guard, clock, plain=False)
        settings = {"account": ACCOUNT, "access_key_id": ACCOUNT, "secret_access_key": "x", "endpoint": self.server.url}
        made = aws_kind(client).open(msgspec.convert(settings, AwsSettings), Surroundings(guard, clock, seconds))
        return _Queue(made, client, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{self.name}")

    async def received(self, least: int) -> Sequence[bytes]:
        return await asyncio.to_thread(self._received)

    def _received(self) -> list[bytes]:
        sqs, found = self.server.client("sqs", ACCOUNT), []
        while messages := sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            found += [one["Body"].encode() for one in messages]
            entries = [{"Id": one["MessageId"], "ReceiptHandle": one["ReceiptHandle"]} for one in messages]
            sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        return found

    def refused(self) -> Delivery:
        raise NotImplementedError

    async def connections(self) -> int:
        raise NotImplementedError

    async def kill(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start, self.server.url.rpartition(":")[2])

    async def freeze(self) -> None:
        self.server._process.send_signal(signal.SIGSTOP)

    async def thaw(self) -> None:
        self.server._process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("elsewhere"))
    yield server
    server.stop()


@pytest.mark.parametrize("exam", exams_of(AwsPlace.traits), ids=lambda exam: exam.__name__.removeprefix("exam_"))
async def test_account(exam: Exam, elsewhere: Server) -> None:
    await exam(AwsPlace(elsewhere))
