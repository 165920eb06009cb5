"""Operations that publish, alone and in batches, where each entry of a batch has an answer or an error of its own.

Source: SNS API reference.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from eventyard.api.sns.access import Access
from eventyard.api.sns.address import check_topic_arn
from eventyard.errors import InvalidRequest, Unsupported
from eventyard.topics import MAX_MESSAGE, Attribute, Message, Receipt, Topics, from_json
from eventyard.topics.refusals import bad_value, invalid
from eventyard.wire import Caller, Handler

_ENTRY_ID = re.compile(r"[A-Za-z0-9_\-]{1,80}")
_MOST_ENTRIES = 10


class PublishOperations:
    """Each method answers one operation."""

    def __init__(self, topics: Topics, access: Access) -> None:
        self._topics = topics
        self._access = access

    def operations(self) -> Mapping[str, Handler]:
        return {"Publish": self.publish, "PublishBatch": self.publish_batch}

    async def publish(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = _target(params)
        self._access.topic(caller, "Publish", arn)
        message = _message(params)
        self._topics.check(arn, message)
        (receipt,) = await self._topics.publish(arn, [message])
        return _answer(receipt)

    async def publish_batch(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn, entries = check_topic_arn("TopicArn", params["TopicArn"]), params["PublishBatchRequestEntries"]
        self._access.topic(caller, "Publish", arn)
        _check_entries([entry["Id"] for entry in entries])
        good: list[tuple[str, Message]] = []
        failed, size = [], 0
        for entry in entries:
            try:
                message = _message(entry)
                size += message.size
                if size > MAX_MESSAGE:
                    raise InvalidRequest(
                        f"The length of all the messages put together is more than the limit of {MAX_MESSAGE} bytes.",
                        "BatchRequestTooLong",
                    )
                self._topics.check(arn, message)
                good.append((entry["Id"], message))
            except InvalidRequest as error:
                if error.code == "BatchRequestTooLong":
                    raise
                failed.append({"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True})
        receipts = await self._topics.publish(arn, [message for _, message in good]) if good else []
        return {
            "Successful": [{"Id": id, **_answer(receipt)} for (id, _), receipt in zip(good, receipts, strict=True)],
            "Failed": failed,
        }


def _target(params: dict[str, Any]) -> str:
    """The topic to publish to. Raises Unsupported for phones."""
    given = [name for name in ("TopicArn", "TargetArn", "PhoneNumber") if params.get(name)]
    if not given:
        raise invalid("TopicArn or TargetArn Reason: no value for required parameter")
    if len(given) > 1:
        raise invalid(f"{given[1]} Reason: only one of TopicArn, TargetArn and PhoneNumber can be given")
    (name,) = given
    if name == "PhoneNumber":
        raise Unsupported("Sending text messages to phones (PhoneNumber) is not supported by this server.")
    if ":endpoint/" in params[name]:
        raise Unsupported("Mobile push notifications to platform endpoints are not supported by this server.")
    return check_topic_arn(name, params[name])


def _message(params: dict[str, Any]) -> Message:
    """The message that Publish or an entry of a batch describes."""
    text: str = params["Message"]
    variants: dict[str, str] = {}
    structure = params.get("MessageStructure")
    if structure is not None:
        if structure != "json":
            raise invalid("MessageStructure")
        text, variants = from_json(text)
    attributes = {name: _attribute(name, item) for name, item in (params.get("MessageAttributes") or {}).items()}
    return Message(
        text,
        params.get("Subject"),
        attributes,
        params.get("MessageGroupId"),
        params.get("MessageDeduplicationId"),
        variants,
    )


def _attribute(name: str, item: Mapping[str, Any]) -> Attribute:
    kind = item.get("DataType") or ""
    if not kind:
        raise bad_value(f"The message attribute '{name}' must contain non-empty message attribute type.")
    if kind.startswith("Binary"):
        return Attribute(kind, base64.b64encode(item.get("BinaryValue") or b"").decode())
    return Attribute(kind, item.get("StringValue") or "")


def _answer(receipt: Receipt) -> dict[str, Any]:
    return {"MessageId": receipt.message_id, "SequenceNumber": receipt.sequence}


def _check_entries(ids: list[str]) -> None:
    """What holds for the entries of a batch as a whole."""
    if not ids:
        raise InvalidRequest("The batch request doesn't contain any entries.", "EmptyBatchRequest")
    if len(ids) > _MOST_ENTRIES:
        raise InvalidRequest(
            "The batch request contains more entries than permissible (more than 10).", "TooManyEntriesInBatchRequest"
        )
    if any(not _ENTRY_ID.fullmatch(id) for id in ids):
        raise InvalidRequest(
            "The Id of a batch entry in a batch request doesn't abide by the specification.", "InvalidBatchEntryId"
        )
    if len(set(ids)) != len(ids):
        raise InvalidRequest("Two or more batch entries in the request have the same Id.", "BatchEntryIdsNotDistinct")
