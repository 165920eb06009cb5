"""What becomes of a firing that could not be delivered: the schedule's dead letter.

Source: EventBridge Scheduler User Guide, "Configuring a schedule's dead-letter queue". Its attributes name the target
by the API action that was called, also for a templated target, and the error by the called service's own code. The
body is what the target would have got. Neither the body nor TARGET_ARN of a templated target was tried on the service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from eventyard.firing import Letter
from eventyard.names import Arn
from eventyard.schedules.resources import Schedule

Payload = Callable[[bytes, int], bytes]
"""What the target gets for a body at an attempt."""

#: The actions that templated targets stand for (User Guide, "Using templated targets").
_ACTIONS = {
    "events": "eventbridge:putEvents",
    "firehose": "firehose:putRecord",
    "kinesis": "kinesis:putRecord",
    "lambda": "lambda:invoke",
    "sns": "sns:publish",
    "sqs": "sqs:sendMessage",
}
#: Codes of EventBridge's dead letters, and what the services themselves say (their API references); under "" all
#: services that have no line of their own.
_CODES = {
    "NO_RESOURCE": {
        "sqs": "AWS.SimpleQueueService.NonExistentQueue",
        "sns": "NotFound",
        "": "ResourceNotFoundException",
    },
    "NO_PERMISSIONS": {"sqs": "AccessDenied", "sns": "AuthorizationError", "": "AccessDeniedException"},
    "SDK_CLIENT_ERROR": {
        "sqs": "InvalidParameterValue",
        "sns": "InvalidParameter",
        "lambda": "InvalidRequestContentException",
        "": "InvalidArgumentException",
    },
    "QueueDoesNotExist": {"": "AWS.SimpleQueueService.NonExistentQueue"},
}
#: What a queue takes unless it is told to take less, without room for the attributes (bytes).
_LONGEST = (256 - 8) << 10
#: And what is left of an error's message.
_LONGEST_MESSAGE = 1_024


class _Fired(msgspec.Struct):
    id: str
    time: str


class _Notification(msgspec.Struct):
    source: str
    resources: list[str]


_decode = msgspec.json.Decoder(_Fired).decode


def letter_of(schedule: Schedule, payload: Payload | None) -> Letter:
    """The letter holds what the target would have got at the last attempt."""
    arn = Arn.parse(schedule.target["Arn"])
    service = "" if arn is None else arn.service
    target: str = schedule.target["Arn"]
    if service in _ACTIONS:
        target = f"arn:aws:scheduler:::aws-sdk:{_ACTIONS[service]}"

    def letter(body: bytes, reasons: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        fired, retries = _decode(body), reasons["RETRY_ATTEMPTS"]
        whole = body if payload is None else payload(body, int(retries) + 1)
        kept = whole[:_LONGEST].decode(errors="ignore").encode()
        attributes = {
            "SCHEDULE_ARN": schedule.arn,
            "SCHEDULED_TIME": fired.time,
            "EXECUTION_ID": execution_id(fired.id),
            "TARGET_ARN": target,
            "IS_PAYLOAD_TRUNCATED": "false" if len(kept) == len(whole) else "true",
            "RETRY_ATTEMPTS": retries,
            "ERROR_CODE": _code(reasons["ERROR_CODE"], service),
            "ERROR_MESSAGE": reasons["ERROR_MESSAGE"][:_LONGEST_MESSAGE],
        }
        if condition := reasons.get("EXHAUSTED_RETRY_CONDITION"):
            attributes["EXHAUSTED_RETRY_CONDITION"] = condition
        return kept, attributes

    return letter


def execution_id(event_id: str) -> str:
    """The id of the execution whose event has ``event_id``: 16 hexadecimal digits, as AWS's are."""
    return event_id.replace("-", "")[-16:]


def is_notification(text: str, schedule: str) -> bool:
    """Whether ``text`` is what a target without an Input gets from the schedule with an ARN."""
    try:
        found = msgspec.json.decode(text, type=_Notification)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return found.source == "aws.scheduler" and found.resources == [schedule]


def _code(code: str, service: str) -> str:
    own = _CODES.get(code, {})
    return own.get(service) or own.get("") or code
