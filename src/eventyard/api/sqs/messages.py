"""Operations on messages: send, receive, delete, change visibility; each also in batches with an answer per entry.

Source: SQS API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eventyard.api.sqs.access import Access
from eventyard.api.sqs.checks import (
    MAX_VISIBILITY,
    check_change,
    check_entries,
    check_range,
    check_receipt,
    check_system_names,
    is_late,
)
from eventyard.errors import EventyardError, InvalidRequest, TryAgain
from eventyard.queues import MAX_MESSAGE, ORIGIN, Attribute, Outgoing, Queues, Received, md5_of_attributes, md5_of_body
from eventyard.store import Sent, Settled
from eventyard.wire import Caller, Handler

_EXPIRED = "The receipt handle has expired"


class Messages:
    """Each method answers one operation."""

    def __init__(self, queues: Queues, access: Access) -> None:
        self._queues = queues
        self._access = access

    def operations(self) -> Mapping[str, Handler]:
        return {
            "ChangeMessageVisibility": self.change_visibility,
            "ChangeMessageVisibilityBatch": self.change_visibility_batch,
            "DeleteMessage": self.delete,
            "DeleteMessageBatch": self.delete_batch,
            "ReceiveMessage": self.receive,
            "SendMessage": self.send,
            "SendMessageBatch": self.send_batch,
        }

    async def send(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = self._access.arn(caller, params, "SendMessage")
        message = outgoing(params, caller.account)
        self._queues.check(arn, message)
        (sent,) = await self._queues.send(arn, [message])
        return sent_answer(message, sent, arn.endswith(".fifo"))

    async def send_batch(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn, entries = self._access.arn(caller, params, "SendMessage"), params["Entries"]
        self._queues.get(arn)
        check_entries([entry["Id"] for entry in entries])
        size = sum(size_of_entry(entry) for entry in entries)
        if size > MAX_MESSAGE:
            raise InvalidRequest(
                f"Batch requests cannot be longer than {MAX_MESSAGE} bytes. You have sent {size} bytes.",
                "BatchRequestTooLong",
            )
        good: list[tuple[str, Outgoing]] = []
        failed = []
        for entry in entries:
            try:
                message = outgoing(entry, caller.account)
                self._queues.check(arn, message)
                good.append((entry["Id"], message))
            except InvalidRequest as error:
                failed.append(failure(entry["Id"], error))
        sent: Sequence[Sent] = await self._queues.send(arn, [message for _, message in good]) if good else []
        fifo = arn.endswith(".fifo")
        successful = [
            {"Id": entry_id, **sent_answer(message, one, fifo)}
            for (entry_id, message), one in zip(good, sent, strict=True)
        ]
        return _outcome(successful, failed)

    async def receive(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = self._access.arn(caller, params, "ReceiveMessage")
        limit = params.get("MaxNumberOfMessages")
        if limit is not None and not 1 <= limit <= 10:
            raise InvalidRequest(
                f"Value {limit} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if "
                "provided.",
                "InvalidParameterValue",
            )
        check_range("WaitTimeSeconds", params.get("WaitTimeSeconds"), 0, 20)
        check_range("VisibilityTimeout", params.get("VisibilityTimeout"), 0, MAX_VISIBILITY)
        system = [*(params.get("MessageSystemAttributeNames") or ()), *(params.get("AttributeNames") or ())]
        check_system_names(system)
        received = await self._queues.receive(
            arn,
            limit or 1,
            params.get("VisibilityTimeout"),
            params.get("WaitTimeSeconds"),
            params.get("ReceiveRequestAttemptId"),
        )
        pick = attribute_picker(params.get("MessageAttributeNames") or ())
        return {"Messages": [received_answer(one, arn, system, pick) for one in received] or None}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Deleting what is gone already succeeds; a text that was never a receipt does not."""
        arn = self._access.arn(caller, params, "DeleteMessage")
        self._queues.get(arn)
        check_receipt(params["ReceiptHandle"])
        (outcome,) = await self._queues.settle(arn, [(params["ReceiptHandle"], None)])
        if is_late(arn, outcome):
            raise InvalidRequest(
                f"Value {params['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: {_EXPIRED}.",
                "InvalidParameterValue",
            )
        return {}

    async def delete_batch(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn, entries = self._access.arn(caller, params, "DeleteMessage"), params["Entries"]
        self._queues.get(arn)
        check_entries([entry["Id"] for entry in entries])
        good: list[tuple[str, str]] = []
        failed = []
        for entry in entries:
            try:
                check_receipt(entry["ReceiptHandle"])
                good.append((entry["Id"], entry["ReceiptHandle"]))
            except InvalidRequest as error:
                failed.append(failure(entry["Id"], error))
        outcomes = await self._queues.settle(arn, [(receipt, None) for _, receipt in good]) if good else []
        successful, late = deleted_entries(arn, [entry_id for entry_id, _ in good], outcomes)
        return _outcome(successful, failed + late)

    async def change_visibility(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn, receipt, seconds = (
            self._access.arn(caller, params, "ChangeMessageVisibility"),
            params["ReceiptHandle"],
            params["VisibilityTimeout"],
        )
        self._queues.get(arn)
        check_change(receipt, seconds)
        (outcome,) = await self._queues.settle(arn, [(receipt, seconds)])
        if outcome != "done":
            raise _not_in_flight(receipt)
        return {}

    async def change_visibility_batch(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn, entries = self._access.arn(caller, params, "ChangeMessageVisibility"), params["Entries"]
        self._queues.get(arn)
        check_entries([entry["Id"] for entry in entries])
        successful, failed, changes = [], [], []
        for entry in entries:
            try:
                check_change(entry["ReceiptHandle"], entry.get("VisibilityTimeout") or 0)
                changes.append((entry["Id"], entry["ReceiptHandle"], entry.get("VisibilityTimeout") or 0))
            except InvalidRequest as error:
                failed.append(failure(entry["Id"], error))
        outcomes = (
            await self._queues.settle(arn, [(receipt, seconds) for _, receipt, seconds in changes]) if changes else []
        )
        for (entry_id, receipt, _), outcome in zip(changes, outcomes, strict=True):
            if outcome == "done":
                successful.append({"Id": entry_id})
            else:
                failed.append(failure(entry_id, _not_in_flight(receipt)))
        return _outcome(successful, failed)


def outgoing(params: Mapping[str, Any], sender: str) -> Outgoing:
    """The message that SendMessage or an entry of a batch describes."""
    delay = params.get("DelaySeconds")
    check_range("DelaySeconds", delay, 0, 900)
    attributes = {}
    for name, value in (params.get("MessageAttributes") or {}).items():
        if not value.get("DataType"):
            raise InvalidRequest(
                f"The message attribute '{name}' must contain a non-empty message attribute type.",
                "InvalidParameterValue",
            )
        attributes[name] = Attribute(value["DataType"], value.get("StringValue"), value.get("BinaryValue"))
    system = {}
    for name, value in (params.get("MessageSystemAttributes") or {}).items():
        if name != "AWSTraceHeader" or value.get("DataType") != "String" or not value.get("StringValue"):
            raise InvalidRequest(f"Message system attribute name '{name}' is invalid.", "InvalidParameterValue")
        system[name] = value["StringValue"]
    return Outgoing(
        params["MessageBody"],
        attributes,
        system,
        delay,
        params.get("MessageGroupId"),
        params.get("MessageDeduplicationId"),
        sender,
    )


def size_of_entry(entry: Mapping[str, Any]) -> int:
    """What an entry counts towards the size of its batch: the body and the attributes, in bytes."""
    size = len(entry["MessageBody"].encode("utf-8", "replace"))
    for name, value in (entry.get("MessageAttributes") or {}).items():
        size += len(name) + len(value.get("DataType") or "")
        size += len((value.get("StringValue") or "").encode("utf-8", "replace")) + len(value.get("BinaryValue") or b"")
    return size


def sent_answer(message: Outgoing, sent: Sent, fifo: bool) -> dict[str, Any]:
    """What the sender is told: ids, and digests to compare with."""
    answer: dict[str, Any] = {"MessageId": sent.id, "MD5OfMessageBody": md5_of_body(message.body)}
    if message.attributes:
        answer["MD5OfMessageAttributes"] = md5_of_attributes(message.attributes)
    if message.system:
        answer["MD5OfMessageSystemAttributes"] = md5_of_attributes(
            {name: Attribute("String", value) for name, value in message.system.items()}
        )
    if fifo:
        answer["SequenceNumber"] = f"{sent.sequence:020d}"
    return answer


def received_answer(
    one: Received, arn: str, system: Sequence[str], pick: Callable[[str], bool] | None
) -> dict[str, Any]:
    """A message as ReceiveMessage on the queue ``arn`` shows it, with the attributes that were asked for."""
    message = one.message
    answer: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": md5_of_body(message.body),
        "Body": message.body,
    }
    if system:
        all_of_them = {
            "SenderId": arn.split(":", 5)[4],
            "SentTimestamp": str(message.sent),
            "ApproximateReceiveCount": str(message.receives),
            "ApproximateFirstReceiveTimestamp": str(message.first_received),
            **one.system,
        }
        if all_of_them.get(ORIGIN) == arn:
            del all_of_them[ORIGIN]  # it never left
        elif ORIGIN in all_of_them and arn.endswith(".fifo"):
            # Developer guide, "Configuring a dead-letter queue redrive": a dead letter of a FIFO queue has its id here.
            all_of_them["MessageDeduplicationId"] = message.id
        if message.group is not None:
            all_of_them["MessageGroupId"] = message.group
        if arn.endswith(".fifo"):
            all_of_them["SequenceNumber"] = f"{message.sequence:020d}"
        wanted = all_of_them if "All" in system else {name: all_of_them[name] for name in system if name in all_of_them}
        if wanted:
            answer["Attributes"] = wanted
    if pick is not None and one.attributes:
        picked = {name: attribute for name, attribute in one.attributes.items() if pick(name)}
        if picked:
            answer["MD5OfMessageAttributes"] = md5_of_attributes(picked)
            answer["MessageAttributes"] = {
                name: {"DataType": item.type, "StringValue": item.string}
                if item.binary is None
                else {"DataType": item.type, "BinaryValue": item.binary}
                for name, item in picked.items()
            }
    return answer


def attribute_picker(names: Sequence[str]) -> Callable[[str], bool] | None:
    """Which message attributes MessageAttributeNames asks for: names, ``prefix.*``, ``All`` or ``.*``."""
    if not names:
        return None
    if "All" in names or ".*" in names:
        return lambda name: True
    exact = {name for name in names if not name.endswith(".*")}
    prefixes = tuple(name[:-1] for name in names if name.endswith(".*"))
    return lambda name: name in exact or (bool(prefixes) and name.startswith(prefixes))


def deleted_entries(
    arn: str, ids: Sequence[str], outcomes: Sequence[Settled]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The entries of a DeleteMessageBatch that succeeded, and those that failed."""
    late = InvalidRequest(_EXPIRED, "ReceiptHandleIsInvalid")
    pairs = list(zip(ids, outcomes, strict=True))
    return (
        [{"Id": entry_id} for entry_id, outcome in pairs if not is_late(arn, outcome)],
        [failure(entry_id, late) for entry_id, outcome in pairs if is_late(arn, outcome)],
    )


def _not_in_flight(receipt: str) -> InvalidRequest:
    return InvalidRequest(
        f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available "
        "for visibility timeout change.",
        "MessageNotInflight",
    )


def failure(entry_id: str, error: EventyardError) -> dict[str, Any]:
    """An entry of a batch that failed alone."""
    fault = not isinstance(error, TryAgain)
    return {"Id": entry_id, "SenderFault": fault, "Code": error.code, "Message": error.message}


def _outcome(successful: list[dict[str, Any]], failed: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Successful": successful, "Failed": failed}
