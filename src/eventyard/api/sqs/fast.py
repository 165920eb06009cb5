"""The operations that carry messages, from bytes to bytes without the model. Anything unusual goes the general way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from eventyard.api.sqs.address import arn_of_url
from eventyard.api.sqs.messages import (
    MAX_VISIBILITY,
    Messages,
    attribute_picker,
    check_entries,
    outgoing,
    received_answer,
    sent_answer,
)
from eventyard.errors import EventyardError
from eventyard.queues import MAX_MESSAGE, Queues
from eventyard.wire import Caller, FastHandler


class _SendEntry(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    id: str
    message_body: str
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


_send_batch = msgspec.json.Decoder(_SendBatch).decode
_receive = msgspec.json.Decoder(_Receive).decode
_delete = msgspec.json.Decoder(_Delete).decode
_delete_batch = msgspec.json.Decoder(_DeleteBatch).decode


class Fast:
    """Every method answers None where the general way must: for wrong input, attributes, and rare parameters."""

    def __init__(self, queues: Queues, messages: Messages) -> None:
        self._queues = queues
        self._messages = messages

    def operations(self) -> Mapping[str, FastHandler]:
        return {
            "DeleteMessage": self.delete,
            "DeleteMessageBatch": self.delete_batch,
            "ReceiveMessage": self.receive,
            "SendMessageBatch": self.send_batch,
        }

    async def send_batch(self, caller: Caller, body: bytes) -> bytes | None:
        try:
            request = _send_batch(body)
            arn = arn_of_url(caller, request.queue_url)
            check_entries([{"Id": entry.id} for entry in request.entries])
            messages = [
                outgoing(
                    {
                        "MessageBody": entry.message_body,
                        "MessageGroupId": entry.message_group_id,
                        "MessageDeduplicationId": entry.message_deduplication_id,
                    }
                )
                for entry in request.entries
            ]
            if sum(self._queues.check(arn, message) for message in messages) > MAX_MESSAGE:
                return None
        except (msgspec.DecodeError, EventyardError, ValueError):
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

    async def receive(self, caller: Caller, body: bytes) -> bytes | None:
        try:
            request = _receive(body)
            arn = arn_of_url(caller, request.queue_url)
            self._queues.get(arn)
        except (msgspec.DecodeError, EventyardError, ValueError):
            return None
        wait, hidden = request.wait_time_seconds, request.visibility_timeout
        if (
            not 1 <= request.max_number_of_messages <= 10
            or (wait is not None and not 0 <= wait <= 20)
            or (hidden is not None and not 0 <= hidden <= MAX_VISIBILITY)
            or request.message_attribute_names
        ):
            return None
        received = await self._queues.receive(arn, request.max_number_of_messages, hidden, wait)
        if not received:
            return b"{}"
        system = [*request.message_system_attribute_names, *request.attribute_names]
        pick = attribute_picker(())
        answers: list[dict[str, Any]] = [received_answer(one, system, pick, caller.account) for one in received]
        return orjson.dumps({"Messages": answers})

    async def delete(self, caller: Caller, body: bytes) -> bytes | None:
        try:
            request = _delete(body)
            arn = arn_of_url(caller, request.queue_url)
            self._queues.get(arn)
        except (msgspec.DecodeError, EventyardError, ValueError):
            return None
        if not _is_receipt(request.receipt_handle):
            return None
        await self._queues.settle(arn, [(request.receipt_handle, None)])
        return b"{}"

    async def delete_batch(self, caller: Caller, body: bytes) -> bytes | None:
        try:
            request = _delete_batch(body)
            arn = arn_of_url(caller, request.queue_url)
            self._queues.get(arn)
            check_entries([{"Id": entry.id} for entry in request.entries])
        except (msgspec.DecodeError, EventyardError, ValueError):
            return None
        if not all(_is_receipt(entry.receipt_handle) for entry in request.entries):
            return None
        await self._queues.settle(arn, [(entry.receipt_handle, None) for entry in request.entries])
        return orjson.dumps({"Successful": [{"Id": entry.id} for entry in request.entries], "Failed": []})


def _is_receipt(text: str) -> bool:
    return len(text) == 32 and text.isalnum()
