"""Which queue may be the dead-letter queue of which: RedrivePolicy and RedriveAllowPolicy. Moves no messages.

Source: SQS API reference, CreateQueue and SetQueueAttributes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.queues.resources import Queue

_PERMISSIONS = ("allowAll", "denyAll", "byQueue")


def check_redrive(arn: str, given: Mapping[str, str], queues: Mapping[str, Queue]) -> None:
    """Raises InvalidRequest where the queue ``arn`` can't have the policies among the ``given`` attributes."""
    if given.get("RedriveAllowPolicy"):
        _check_allow(given["RedriveAllowPolicy"])
    if given.get("RedrivePolicy"):
        _check_redrive(arn, given["RedrivePolicy"], queues)


def _check_redrive(arn: str, text: str, queues: Mapping[str, Queue]) -> None:
    policy = json.loads(text)
    count, target = policy.get("maxReceiveCount"), policy.get("deadLetterTargetArn")
    if count is None or target is None:
        raise _bad(
            "RedrivePolicy",
            text,
            "Redrive policy does not contain mandatory attribute: maxReceiveCount or deadLetterTargetArn.",
        )
    if not str(count).isdecimal() or not 1 <= int(count) <= 1000:
        raise _bad(
            "RedrivePolicy",
            text,
            f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive.",
        )
    parsed = Arn.parse(target) if isinstance(target, str) else None
    own = Arn.parse(arn)
    if parsed is None or own is None or parsed.service != "sqs":
        raise _bad("RedrivePolicy", text, "Invalid value for deadLetterTargetArn.")
    dead = queues.get(target)
    if dead is None:
        raise _bad("RedrivePolicy", text, "Dead letter target does not exist.")
    if (parsed.account, parsed.region) != (own.account, own.region):
        raise _bad("RedrivePolicy", text, "Dead-letter queue must be in same account and region as the source.")
    if dead.fifo != arn.endswith(".fifo"):
        raise _bad("RedrivePolicy", text, "Dead-letter queue must be same type of queue as the source.")
    if not _allows(dead, arn):
        raise _bad("RedrivePolicy", text, f"Queue {arn} is not allowed to use queue {target} as its dead-letter queue.")


def _allows(dead: Queue, source: str) -> bool:
    policy = json.loads(dead.attributes.get("RedriveAllowPolicy") or "{}")
    permission = policy.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source in policy["sourceQueueArns"])


def _check_allow(text: str) -> None:
    policy = json.loads(text)
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in _PERMISSIONS:
        raise _bad("RedriveAllowPolicy", text, "redrivePermission must be one of allowAll, denyAll or byQueue.")
    if (permission == "byQueue") != (sources is not None):
        raise _bad("RedriveAllowPolicy", text, "sourceQueueArns goes with a redrivePermission of byQueue, and only so.")
    if sources is not None and not (isinstance(sources, list) and 1 <= len(sources) <= 10):
        raise _bad("RedriveAllowPolicy", text, "sourceQueueArns must be a list of 1 to 10 queues.")


def _bad(parameter: str, text: str, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"Value {text} for parameter {parameter} is invalid. Reason: {reason}", "InvalidParameterValue"
    )
