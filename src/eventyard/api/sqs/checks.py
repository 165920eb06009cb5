"""What operations on messages check of their parameters, in SQS's words. It knows no queues' contents.

Source: SQS API reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventyard.errors import InvalidRequest
from eventyard.queues import ORIGIN
from eventyard.store import Settled

_ENTRY_ID = re.compile(r"[A-Za-z0-9_\-]{1,80}")
_RECEIPT = re.compile(r"[0-9a-f]{33}-[0-9a-f]{1,15}")
MAX_VISIBILITY = 43_200
# API reference, ReceiveMessage, "MessageSystemAttributeNames".
_SYSTEM_NAMES = frozenset(
    (
        "All",
        "AWSTraceHeader",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        ORIGIN,
        "MessageDeduplicationId",
        "MessageGroupId",
        "SenderId",
        "SentTimestamp",
        "SequenceNumber",
    )
)


def check_system_names(names: Sequence[str]) -> None:
    """Raises InvalidRequest for the name of an attribute that SQS gives no message. For AttributeNames botocore's model
    lists the attributes of queues, which is a mistake of the model (aws/aws-sdk, issue 56)."""
    for name in names:
        if name not in _SYSTEM_NAMES:
            raise InvalidRequest(f"Unknown Attribute {name}.", "InvalidAttributeName")


def check_entries(entries: Sequence[str]) -> None:
    """What holds for the ids of the entries of every batch."""
    if not entries:
        raise InvalidRequest("There should be at least one entry in the request.", "EmptyBatchRequest")
    if len(entries) > 10:
        raise InvalidRequest(
            f"Maximum number of entries per request are 10. You have sent {len(entries)}.",
            "TooManyEntriesInBatchRequest",
        )
    seen = set()
    for entry in entries:
        if not _ENTRY_ID.fullmatch(entry):
            raise InvalidRequest(
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most "
                "80 letters long.",
                "InvalidBatchEntryId",
            )
        if entry in seen:
            raise InvalidRequest(f"Id {entry} repeated.", "BatchEntryIdsNotDistinct")
        seen.add(entry)


def is_receipt(text: str) -> bool:
    """Whether this server can have given ``text`` out."""
    return _RECEIPT.fullmatch(text) is not None


def check_receipt(receipt: str) -> None:
    """Raises InvalidRequest for a text that this server can't have given out."""
    if not is_receipt(receipt):
        raise InvalidRequest(
            f'The input receipt handle "{receipt}" is not a valid receipt handle.', "ReceiptHandleIsInvalid"
        )


def check_change(receipt: str, seconds: int) -> None:
    """Raises InvalidRequest for a change of visibility that can't be."""
    check_receipt(receipt)
    check_range("VisibilityTimeout", seconds, 0, MAX_VISIBILITY)


def check_range(name: str, value: int | None, least: int, most: int) -> None:
    """Raises InvalidRequest for a number out of bounds."""
    if value is not None and not least <= value <= most:
        raise InvalidRequest(
            f"Value {value} for parameter {name} is invalid. Reason: Must be >= {least} and <= {most}, if provided.",
            "InvalidParameterValue",
        )


def is_late(arn: str, outcome: Settled) -> bool:
    """Whether a message was not deleted because its receipt had expired. A standard queue says nothing of it: API
    reference, DeleteMessage, "If you use an old ReceiptHandle, the request will succeed, but the message might not be
    deleted". A FIFO queue refuses such a receipt (AWS's knowledge center, "How do I resolve the ReceiptHandleIsInvalid
    or InvalidParameterValue error")."""
    return outcome == "expired" and arn.endswith(".fifo")
