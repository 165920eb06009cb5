"""Queues as their makers described them: names, attributes with their defaults and bounds. Holds no messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.names import is_queue_name
from eventyard.queues.policy import check_policy

MAX_MESSAGE = 1_048_576
_MOST_TAGS = 50

# Default, least and most. Source: SQS API reference, CreateQueue.
_NUMBERS: dict[str, tuple[int, int, int]] = {
    "VisibilityTimeout": (30, 0, 43_200),
    "MessageRetentionPeriod": (345_600, 60, 1_209_600),
    "DelaySeconds": (0, 0, 900),
    "MaximumMessageSize": (MAX_MESSAGE, 1_024, MAX_MESSAGE),
    "ReceiveMessageWaitTimeSeconds": (0, 0, 20),
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "FifoQueue": ("true",),
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_TEXTS = ("Policy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "RedrivePolicy", "RedriveAllowPolicy")
_FIFO_DEFAULTS = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}


class Queue(msgspec.Struct, frozen=True, dict=True):
    """A queue. ``attributes``: all that have a value, defaults included; an empty text has been taken away. What is
    asked for with each message is worked out once."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    modified: int
    attributes: dict[str, str]
    tags: dict[str, str] = {}

    @cached_property
    def fifo(self) -> bool:
        return self.name.endswith(".fifo")

    @cached_property
    def largest(self) -> int:
        """The bytes that a message may have."""
        return self.number("MaximumMessageSize")

    @cached_property
    def delay(self) -> int:
        """Seconds until a message can be received."""
        return self.number("DelaySeconds")

    @cached_property
    def visibility(self) -> int:
        """Seconds for which a message is hidden when it is received."""
        return self.number("VisibilityTimeout")

    def number(self, name: str) -> int:
        """An attribute that is a number."""
        return int(self.attributes[name])

    @cached_property
    def redrive(self) -> tuple[str, int] | None:
        """The dead-letter queue's ARN and after how many receives a message goes there."""
        text = self.attributes.get("RedrivePolicy")
        if not text:
            return None
        policy = json.loads(text)
        return policy["deadLetterTargetArn"], int(policy["maxReceiveCount"])


def check_name(name: str, fifo: bool) -> None:
    """Raises InvalidRequest for a name that no queue can have."""
    if is_queue_name(name, fifo):
        return
    if fifo and is_queue_name(name, False):
        raise InvalidRequest(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
            ".fifo suffix and be 1 to 80 in length.",
            "InvalidParameterValue",
        )
    raise InvalidRequest(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        "InvalidParameterValue",
    )


def check_attributes(given: Mapping[str, str], fifo: bool) -> dict[str, str]:
    """The attributes as they are kept. Raises InvalidRequest for unknown names and values out of bounds."""
    return {name: _check(name, value, fifo) for name, value in given.items()}


def check_tags(queue: str, tags: Mapping[str, str]) -> None:
    """Raises InvalidRequest for more tags than a queue can have, or one that none can."""
    if len(tags) > _MOST_TAGS:
        raise InvalidRequest(f"Too many tags added for queue {queue}.", "InvalidParameterValue")
    for key, value in tags.items():
        if key.lower().startswith("aws:"):  # developer guide, "Amazon SQS cost allocation tags"; tagging quotas
            raise InvalidRequest(
                f"Tag key {key} is invalid: keys that start with aws: are kept for AWS.", "InvalidParameterValue"
            )
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise InvalidRequest(
                "Tag keys must be between 1 and 128 characters in length, and tag values between 0 and 256.",
                "InvalidParameterValue",
            )


def check_together(attributes: Mapping[str, str]) -> None:
    """Raises InvalidRequest for attributes that don't go together."""
    if (
        attributes.get("FifoThroughputLimit") == "perMessageGroupId"
        and attributes.get("DeduplicationScope") != "messageGroup"
    ):
        raise InvalidRequest(
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
            "InvalidAttributeValue",
        )


def with_defaults(given: Mapping[str, str], fifo: bool) -> dict[str, str]:
    """All attributes of a queue that was made with ``given``."""
    defaults = {name: str(default) for name, (default, _, _) in _NUMBERS.items()}
    defaults["SqsManagedSseEnabled"] = "false" if given.get("KmsMasterKeyId") else "true"
    if fifo:
        defaults |= _FIFO_DEFAULTS
    return {name: value for name, value in (defaults | dict(given)).items() if value != ""}


def _check(name: str, value: str, fifo: bool) -> str:
    bad = InvalidRequest(f"Invalid value for the parameter {name}.", "InvalidAttributeValue")
    if name in _NUMBERS:
        _, least, most = _NUMBERS[name]
        if not value.isdecimal() or not least <= int(value) <= most:
            raise bad
        return str(int(value))
    if name in _CHOICES:
        if name == "FifoQueue" and not fifo:
            raise InvalidRequest("Unknown Attribute FifoQueue.", "InvalidAttributeName")
        if name in _FIFO_ONLY and not fifo:
            raise InvalidRequest(
                f"You can specify the {name} only when FifoQueue is set to true.", "InvalidAttributeName"
            )
        if value not in _CHOICES[name]:
            raise bad
        return value
    if name == "KmsDataKeyReusePeriodSeconds" and not (value.isdecimal() and 60 <= int(value) <= 86_400):
        raise bad
    if name not in _TEXTS:
        raise InvalidRequest(f"Unknown Attribute {name}.", "InvalidAttributeName")
    if name in ("Policy", "RedrivePolicy", "RedriveAllowPolicy") and value:
        try:
            document = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise bad from error
        if not isinstance(document, dict):
            raise bad
        if name == "Policy":
            check_policy(document, len(value.encode("utf-8", "replace")))
    return value
