"""From a message as it was sent to a message as it is stored: what a queue takes, and what it adds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Protocol

from eventyard.errors import InvalidRequest
from eventyard.queues.messages import ORIGIN, Attribute, Outgoing, check, check_token, pack, typed
from eventyard.queues.resources import Queue
from eventyard.store import NewMessage


class Letter(Protocol):
    """What a rule's target hands in."""

    @property
    def body(self) -> str: ...
    @property
    def trace(self) -> str | None: ...
    @property
    def group(self) -> str | None: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...
    @property
    def typed(self) -> Mapping[str, tuple[str, str | bytes]]: ...
    @property
    def dedup(self) -> str | None: ...


def outgoing_of(letter: Letter) -> Outgoing:
    """The message that a rule's target or a topic hands in. An attribute without a value is left out."""
    system = {"AWSTraceHeader": letter.trace} if letter.trace else {}
    if not letter.attributes and not letter.typed:  # an event as it is
        return Outgoing(letter.body, {}, system, None, letter.group, letter.dedup)
    attributes = {name: Attribute("String", value) for name, value in letter.attributes.items() if value}
    return Outgoing(letter.body, attributes | typed(letter.typed), system, None, letter.group, letter.dedup)


def admit(queue: Queue, message: Outgoing) -> int:
    """The size of ``message`` in bytes. Raises InvalidRequest for what ``queue`` does not take."""
    size = check(message, queue.largest)
    if message.group is not None:
        check_token("MessageGroupId", message.group)
    if message.dedup is not None:
        check_token("MessageDeduplicationId", message.dedup)
    if not queue.fifo:
        if message.dedup is not None:
            raise _wrong_type("MessageDeduplicationId", message.dedup)
        return size
    if not message.group:
        raise InvalidRequest("The request must contain the parameter MessageGroupId.", "MissingParameter")
    if not message.dedup and queue.attributes.get("ContentBasedDeduplication") != "true":
        raise InvalidRequest(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly",
            "InvalidParameterValue",
        )
    if message.delay:
        raise _wrong_type("DelaySeconds", message.delay)
    return size


def check_attempt(queue: Queue, attempt: str) -> None:
    """Raises InvalidRequest for an attempt id that ``queue`` does not take."""
    if not queue.fifo:
        raise _wrong_type("ReceiveRequestAttemptId", attempt)
    check_token("ReceiveRequestAttemptId", attempt)


def stored(queue: Queue, message: Outgoing, id: str, now: int) -> NewMessage:
    """What the store of ``queue`` is given for an admitted ``message``."""
    delay = queue.delay if message.delay is None else message.delay
    system = dict(message.system)
    dedup = None
    if queue.fifo:
        dedup = message.dedup or hashlib.sha256(message.body.encode()).hexdigest()
        system["MessageDeduplicationId"] = dedup
        if queue.attributes.get("DeduplicationScope") == "messageGroup":
            dedup = f"{message.group}\0{dedup}"
    if message.sender is not None and message.sender != queue.account:
        system["SenderId"] = message.sender
    if "RedrivePolicy" in queue.attributes:
        # The store moves a dead letter as it is, so where it comes from has to be in it already.
        system[ORIGIN] = queue.arn
    return NewMessage(id, message.body, now, now + delay * 1000, pack(message.attributes, system), message.group, dedup)


def _wrong_type(parameter: str, value: str | int) -> InvalidRequest:
    return InvalidRequest(
        f"Value {value} for parameter {parameter} is invalid. Reason: The request include parameter that is not valid "
        "for this queue type.",
        "InvalidParameterValue",
    )
