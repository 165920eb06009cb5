"""Operations on the records of queues, and on those that became dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from eventyard.api.kinesis.address import BAD, QueueAddresses
from eventyard.streams import Held, Queues
from eventyard.wire import Caller, Handler, Moment

_LIMIT, _WAIT = 10, 9  # API reference, ReceiveQueueRecords


class QueueRecordOperations:
    """Each method answers an operation on records (``dead`` False) and its like on dead letters."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._addresses = QueueAddresses(queues)

    def operations(self) -> Mapping[str, Handler]:
        return {
            "AcknowledgeDeadLetterQueueRecords": partial(self.acknowledge, dead=True),
            "AcknowledgeQueueRecords": partial(self.acknowledge, dead=False),
            "ReceiveDeadLetterQueueRecords": partial(self.receive, dead=True),
            "ReceiveQueueRecords": partial(self.receive, dead=False),
            "RestoreDeadLetterQueueRecords": self.restore,
            "UpdateDeadLetterQueueRecordsVisibility": partial(self.hide, dead=True),
            "UpdateQueueRecordsVisibility": partial(self.hide, dead=False),
        }

    async def receive(self, caller: Caller, params: dict[str, Any], dead: bool) -> dict[str, Any]:
        action = "ReceiveDeadLetterQueueRecords" if dead else "ReceiveQueueRecords"
        _, queue = self._addresses.queue(caller, params["QueueARN"], action)
        found = await self._queues.receive(
            queue.arn,
            params.get("Limit") or _LIMIT,
            params.get("VisibilityTimeoutSeconds"),
            params.get("WaitTimeSeconds") or _WAIT,
            dead,
        )
        return {"QueueRecords": [_shape(one) for one in found]}

    async def acknowledge(self, caller: Caller, params: dict[str, Any], dead: bool) -> dict[str, Any]:
        action = "AcknowledgeDeadLetterQueueRecords" if dead else "AcknowledgeQueueRecords"
        _, queue = self._addresses.queue(caller, params["QueueARN"], action)
        receipts = _receipts(params)
        return _results(receipts, await self._queues.settle(queue.arn, [(one, None) for one in receipts], dead))

    async def hide(self, caller: Caller, params: dict[str, Any], dead: bool) -> dict[str, Any]:
        action = "UpdateDeadLetterQueueRecordsVisibility" if dead else "UpdateQueueRecordsVisibility"
        _, queue = self._addresses.queue(caller, params["QueueARN"], action)
        wanted = [(entry["ReceiptHandle"], entry["VisibilityTimeoutSeconds"]) for entry in params["Entries"]]
        return _results(_receipts(params), await self._queues.settle(queue.arn, wanted, dead))

    async def restore(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _, queue = self._addresses.queue(caller, params["QueueARN"], "RestoreDeadLetterQueueRecords")
        receipts = _receipts(params)
        return _results(receipts, await self._queues.restore(queue.arn, receipts))


def _receipts(params: dict[str, Any]) -> list[str]:
    return [entry["ReceiptHandle"] for entry in params["Entries"]]


def _results(receipts: Sequence[str], done: Sequence[bool]) -> dict[str, Any]:
    """What became of each entry."""
    pairs = list(zip(receipts, done, strict=True))
    return {
        "Successful": [{"ReceiptHandle": receipt} for receipt, good in pairs if good],
        "Failed": [
            {
                "ReceiptHandle": receipt,
                "ErrorCode": BAD,
                "ErrorMessage": "The receipt handle is not one of this queue, or not good any more.",
            }
            for receipt, good in pairs
            if not good
        ],
    }


def _shape(held: Held) -> dict[str, Any]:
    """A QueueRecord of the API."""
    return {
        "ReceiptHandle": held.receipt,
        "RecordId": held.record.id.replace("-", ""),
        "PartitionKey": held.record.key or None,
        "Data": held.record.data,
        "ApproximateArrivalTimestamp": Moment(held.record.arrived / 1000),
        "FirstReceiveTimestamp": Moment(held.first / 1000),
        "ReceiveCount": held.receives,
    }
