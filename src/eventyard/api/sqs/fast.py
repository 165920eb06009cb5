"""The operations that carry messages, from bytes to bytes without the model. Anything unusual goes the general way."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Mapping, Sequence

import msgspec
import orjson

from eventyard.api.sqs.access import is_guarded
from eventyard.api.sqs.address import arn_of_url
from eventyard.api.sqs.checks import MAX_VISIBILITY, check_entries, check_system_names, is_late, is_receipt
from eventyard.api.sqs.messages import attribute_picker, deleted_entries, received_answer, sent_answer
from eventyard.errors import EventyardError, Forbidden
from eventyard.queues import MAX_MESSAGE, Outgoing, Queues, Received
from eventyard.wire import Caller, FastHandler


class _Send(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    queue_url: str
    message_body: str
    delay_seconds: int | None = None
    message_group_id: str | None = None
    message_deduplication_id: str | None = None


class _SendEntry(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    id: str
    message_body: str
    delay_seconds: int | None = None
    message_group_id: str | None = None
    message_deduplication_id: str | None = None


class _SendBatch(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    queue_url: str
    entries: list[_SendEntry]


class _Receive(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    queue_url: str
    max_number_of_messages: int = 1
    wait_time_seconds: int | None = None
    visibility_timeout: int | None = None
    attribute_names: list[str] = []
    message_system_attribute_names: list[str] = []
    message_attribute_names: list[str] = []


class _Delete(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    queue_url: str
    receipt_handle: str


class _DeleteEntry(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    id: str
    receipt_handle: str


class _DeleteBatch(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    queue_url: str
    entries: list[_DeleteEntry]


_send = msgspec.json.Decoder(_Send).decode
_send_batch = msgspec.json.Decoder(_SendBatch).decode
_receive = msgspec.json.Decoder(_Receive).decode
_delete = msgspec.json.Decoder(_Delete).decode
_delete_batch = msgspec.json.Decoder(_DeleteBatch).decode


class Fast:
    """Every method answers None where the general way must: for wrong input, rare parameters, the queues of other
    accounts and those whose policies deny anything."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def operations(self) -> Mapping[str, FastHandler]:
        return {
            "DeleteMessage": self.delete,
            "DeleteMessageBatch": self.delete_batch,
            "ReceiveMessage": self.receive,
            "SendMessage": self.send,
            "SendMessageBatch": self.send_batch,
        }

    async def send(self, caller: Caller, body: bytes) -> bytes | None:
        try:
            request = _send(body)
            arn = self._open(caller, request.queue_url)
            message = _outgoing(caller, request)
            if message is None:
                return None
            self._queues.check(arn, message)
        except (msgspec.DecodeError, EventyardError, ValueError):
            return None
        (sent,) = await self._queues.send(arn, [message])
        return orjson.dumps(sent_answer(message, sent, arn.endswith(".fifo")))

    async def send_batch(self, caller: Caller, body: bytes) -> bytes | None:
        try:
            request = _send_batch(body)
            arn = self._open(caller, request.queue_url)
            check_entries([entry.id for entry in request.entries])
            messages = [message for entry in request.entries if (message := _outgoing(caller, entry)) is not None]
            size = sum([self._queues.check(arn, message) for message in messages])
        except (msgspec.DecodeError, EventyardError, ValueError):
            return None
        if len(messages) < len(request.entries) or size > MAX_MESSAGE:
            return None
        sent = await self._queues.send(arn, messages)
        fifo = arn.endswith(".fifo")
        return orjson.dumps(
            {
                "Successful": [
                    {"Id": entry.id, **sent_answer(message, one, fifo)}
                    for entry, message, one in zip(request.entries, messages, sent, strict=True)
                ],
                "Failed": [],
            }
        )

    async def receive(self, caller: Caller, body: bytes) -> bytes | Awaitable[bytes] | None:
        """One look; where that finds nothing, and the caller wants to wait, what remains to be waited for."""
        try:
            request = _receive(body)
            arn = self._open(caller, request.queue_url)
            queue = self._queues.get(arn)
            system = [*request.message_system_attribute_names, *request.attribute_names]
            check_system_names(system)
        except (msgspec.DecodeError, EventyardError, ValueError):
            return None
        wait, hidden = request.wait_time_seconds, request.visibility_timeout
        if (
            not 1 <= request.max_number_of_messages <= 10
            or (wait is not None and not 0 <= wait <= 20)
            or (hidden is not None and not 0 <= hidden <= MAX_VISIBILITY)
        ):
            return None
        pick, rings = attribute_picker(request.message_attribute_names), self._queues.rings(arn)

        def answer(received: Sequence[Received]) -> bytes:
            if not received:
                return b"{}"
            answers = [received_answer(one, arn, system, pick) for one in received]
            return orjson.dumps({"Messages": answers}, default=_base64)

        async def later(seconds: int) -> bytes:
            limit = request.max_number_of_messages
            return answer(await self._queues.receive(arn, limit, hidden, seconds, looked=rings))

        received = await self._queues.receive(arn, request.max_number_of_messages, hidden, 0)
        seconds = queue.number("ReceiveMessageWaitTimeSeconds") if wait is None else wait
        return answer(received) if received or not seconds else later(seconds)

    async def delete(self, caller: Caller, body: bytes) -> bytes | None:
        try:
            request = _delete(body)
            arn = self._open(caller, request.queue_url)
            self._queues.get(arn)
        except (msgspec.DecodeError, EventyardError, ValueError):
            return None
        if not is_receipt(request.receipt_handle):
            return None
        (outcome,) = await self._queues.settle(arn, [(request.receipt_handle, None)])
        return None if is_late(arn, outcome) else b"{}"

    async def delete_batch(self, caller: Caller, body: bytes) -> bytes | None:
        try:
            request = _delete_batch(body)
            arn = self._open(caller, request.queue_url)
            self._queues.get(arn)
            check_entries([entry.id for entry in request.entries])
        except (msgspec.DecodeError, EventyardError, ValueError):
            return None
        if not all(is_receipt(entry.receipt_handle) for entry in request.entries):
            return None
        outcomes = await self._queues.settle(arn, [(entry.receipt_handle, None) for entry in request.entries])
        successful, failed = deleted_entries(arn, [entry.id for entry in request.entries], outcomes)
        return orjson.dumps({"Successful": successful, "Failed": failed})

    def _open(self, caller: Caller, url: str) -> str:
        """The ARN of the queue that ``url`` means. Raises NotFound, and Forbidden where its policy has to be asked."""
        arn = arn_of_url(caller, url)
        queue = self._queues.get(arn)
        if queue.account != caller.account or is_guarded(queue):
            raise Forbidden("The queue's policy has to be asked.", "AccessDenied")
        return arn


def _outgoing(caller: Caller, entry: _Send | _SendEntry) -> Outgoing | None:
    """The message of ``entry``; None where its delay is out of bounds."""
    delay = entry.delay_seconds
    if delay is not None and not 0 <= delay <= 900:
        return None
    return Outgoing(
        entry.message_body, {}, {}, delay, entry.message_group_id, entry.message_deduplication_id, caller.account
    )


def _base64(value: object) -> str:
    """A binary attribute in JSON."""
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} is not a value of a message")
    return base64.b64encode(value).decode()
