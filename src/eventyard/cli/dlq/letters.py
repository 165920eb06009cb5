"""Dead letters as a queue has them. While somebody looks at them they are hidden from others, and then given back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.pattern import matches, parse

_HIDDEN = 120
_BATCH = 10


class Letter(msgspec.Struct, frozen=True):
    """One dead letter. ``rule`` or ``schedule`` (ARNs) had it delivered to ``target``, for a schedule the ARN of the
    API action; all are None where a queue, ``origin``, gave it up. ``time``: when the schedule was due. ``attempts``:
    how often it was tried; ``sent``: ms."""

    id: str
    receipt: str
    body: str
    sent: int
    attempts: int
    rule: str | None = None
    schedule: str | None = None
    time: str | None = None
    target: str | None = None
    origin: str | None = None
    code: str = ""
    message: str = ""
    condition: str = ""

    @property
    def source(self) -> str | None:
        """The rule or schedule that it is from."""
        return self.rule or self.schedule

    @property
    def event(self) -> dict[str, Any] | None:
        """The event, if it is one."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        return found if isinstance(found, dict) and {"id", "detail-type", "source"} <= found.keys() else None


def queue_url(sqs: Any, queue: str) -> str:
    """The URL of a queue that is given as its name, ARN or URL."""
    if "://" in queue:
        return queue
    found: str = sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    return found


@contextlib.contextmanager
def letters(sqs: Any, url: str, limit: int) -> Iterator[list[Letter]]:
    """Up to ``limit`` letters. At the end of the block, those that were not deleted can be received again."""
    found: list[Letter] = []
    try:
        while len(found) < limit:
            answer = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(_BATCH, limit - len(found)),
                VisibilityTimeout=_HIDDEN,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            if not answer.get("Messages"):
                break
            found += [_letter(message) for message in answer["Messages"]]
        yield found
    finally:
        for start in range(0, len(found), _BATCH):
            # Those that were deleted meanwhile are refused, each alone.
            entries = [
                {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                for number, letter in enumerate(found[start : start + _BATCH])
            ]
            sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def chooser(where: str | None, cause: str | None, rule: str | None) -> Callable[[Letter], bool]:
    """Whether a letter is meant. ``where``: an event pattern; ``cause``: part of the error's code or message, or the
    condition; ``rule``: name or ARN of a rule or schedule. Raises InvalidPattern."""
    pattern = parse(where) if where is not None else None

    def is_meant(letter: Letter) -> bool:
        said = f"{letter.code} {letter.message} {letter.condition}".lower()
        return (
            (cause is None or cause.lower() in said)
            and (
                rule is None
                or (letter.source is not None and rule in (letter.source, letter.source.rpartition("/")[2]))
            )
            and (pattern is None or (letter.event is not None and matches(pattern, letter.body.encode())))
        )

    return is_meant


def find(found: list[Letter], message_id: str) -> Letter:
    """The letter with an id, or with an id that begins so. Raises InvalidRequest unless there is just one."""
    meant = [letter for letter in found if letter.id.startswith(message_id)]
    if len(meant) != 1:
        raise InvalidRequest(
            f"{len(meant) or 'No'} message{'' if len(meant) < 2 else 's'} of the queue with the id {message_id}; "
            "one that somebody else is looking at can't be seen."
        )
    return meant[0]


def _letter(message: dict[str, Any]) -> Letter:
    said = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    system = message.get("Attributes", {})
    retries = said.get("RETRY_ATTEMPTS", "")
    return Letter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        sent=int(system.get("SentTimestamp", 0)),
        attempts=int(retries) + 1 if retries.isdecimal() else 0,
        rule=said.get("RULE_ARN"),
        schedule=said.get("SCHEDULE_ARN"),
        time=said.get("SCHEDULED_TIME"),
        target=said.get("TARGET_ARN"),
        origin=system.get("DeadLetterQueueSourceArn"),
        code=said.get("ERROR_CODE", ""),
        message=said.get("ERROR_MESSAGE", ""),
        condition=said.get("EXHAUSTED_RETRY_CONDITION", ""),
    )
