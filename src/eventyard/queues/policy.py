"""What the policy of a queue may look like. It decides about nobody's access.

Sources: developer guide, "Amazon SQS policy quotas"; API reference, AddPermission.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from eventyard.errors import InvalidRequest, LimitExceeded

_MAX_BYTES, _MAX_STATEMENTS, _MAX_PRINCIPALS, _MAX_ACTIONS, _MAX_CONDITIONS = 8_192, 20, 50, 7, 10
_ACTION = re.compile(r"\*|sqs:[A-Za-z*?]+", re.IGNORECASE)
_LABEL = re.compile(r"[A-Za-z0-9_\-]{1,80}")
_ACCOUNT = re.compile(r"[0-9]{12}")
#: What a policy can let other accounts do, in batches too; the rest is the owner's alone (API reference: "Cross-account
#: permissions don't apply to this action").
SHARED = (
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
)


def check_policy(document: dict[str, Any], size: int) -> None:
    """Raises InvalidRequest for a policy of ``size`` bytes that no queue can have."""
    statements = document.get("Statement")
    statements = statements if isinstance(statements, list) else [statements]
    if size > _MAX_BYTES:
        raise _bad(f"the policy is longer than {_MAX_BYTES} bytes")
    if not 1 <= len(statements) <= _MAX_STATEMENTS:
        raise _bad(f"a policy has 1 to {_MAX_STATEMENTS} statements")
    principals = conditions = 0
    for statement in statements:
        if not isinstance(statement, dict):
            raise _bad("a statement must be a JSON object")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise _bad("the Effect of a statement must be Allow or Deny")
        principals += len(_principals(statement))
        conditions += _conditions(statement)
        actions = _texts(statement, "Action") + _texts(statement, "NotAction")
        if not actions:
            raise _bad("a statement must have an Action or a NotAction")
        if len(actions) > _MAX_ACTIONS:
            raise _bad(f"{len(actions)} Actions were found, maximum allowed is {_MAX_ACTIONS}.")
        if not all(_ACTION.fullmatch(action) for action in actions):
            raise _bad("Policy statement action out of service scope!")
    if principals > _MAX_PRINCIPALS:
        raise _bad(f"{principals} Principals were found, maximum allowed is {_MAX_PRINCIPALS}.")
    if conditions > _MAX_CONDITIONS:
        raise _bad(f"{conditions} Conditions were found, maximum allowed is {_MAX_CONDITIONS}.")


def with_permission(text: str | None, queue: str, label: str, accounts: Sequence[str], actions: Sequence[str]) -> str:
    """The policy ``text`` with a statement ``label`` that allows ``actions`` to ``accounts``.

    Raises InvalidRequest, and LimitExceeded for one statement or action too many."""
    if not _LABEL.fullmatch(label):
        raise _bad_parameter(label, "Label", "Must be 1 to 80 alphanumeric characters, hyphens, or underscores.")
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise _bad_parameter(account, "PrincipalId", "Unable to verify.")
    for action in actions:
        if action not in ("*", *SHARED):
            raise _bad_parameter(
                f"SQS:{action}", "ActionName", "Only the queue owner is allowed to invoke this action."
            )
    if not accounts or not actions:
        missing = "Actions" if accounts else "AWSAccountIds"
        raise InvalidRequest(f"The request must contain the parameter {missing}.", "MissingParameter")
    if len(actions) > _MAX_ACTIONS:
        raise LimitExceeded(f"{len(actions)} Actions were found, maximum allowed is {_MAX_ACTIONS}.", "OverLimit")
    policy = _read(text, queue)
    if any(statement.get("Sid") == label for statement in policy["Statement"]):
        raise _bad_parameter(label, "Label", "Already exists.")
    if len(policy["Statement"]) >= _MAX_STATEMENTS:
        raise LimitExceeded(
            f"{len(policy['Statement']) + 1} Statements were found, maximum allowed is {_MAX_STATEMENTS}.", "OverLimit"
        )
    policy["Statement"].append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": _one_or_all([f"arn:aws:iam::{account}:root" for account in accounts])},
            "Action": _one_or_all([f"SQS:{action}" for action in actions]),
            "Resource": queue,
        }
    )
    return _write(policy)


def without_permission(text: str | None, queue: str, label: str) -> str:
    """The policy without the statement ``label``; an empty text if nothing is left. Raises InvalidRequest."""
    policy = _read(text, queue)
    kept = [statement for statement in policy["Statement"] if statement.get("Sid") != label]
    if len(kept) == len(policy["Statement"]):
        raise _bad_parameter(label, "Label", "can't find label on existing policy.")
    return _write(policy | {"Statement": kept}) if kept else ""


def _read(text: str | None, queue: str) -> dict[str, Any]:
    policy: dict[str, Any] = (
        json.loads(text) if text else {"Version": "2008-10-17", "Id": f"{queue}/SQSDefaultPolicy", "Statement": []}
    )
    statements = policy["Statement"]
    return policy | {"Statement": list(statements) if isinstance(statements, list) else [statements]}


def _write(policy: dict[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _principals(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if isinstance(principal, dict) and principal:
        return [text for kind in principal for text in _texts(principal, kind)]
    if principal != "*":
        raise _bad("a statement must have a Principal")
    return ["*"]


def _conditions(statement: dict[str, Any]) -> int:
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        raise _bad("a Condition must be a JSON object of JSON objects")
    return sum(len(keys) for keys in condition.values())


def _texts(statement: dict[str, Any], member: str) -> list[str]:
    value = statement.get(member, [])
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in values):
        raise _bad(f"{member} must be a text or a list of texts")
    return values


def _bad(reason: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid value for the parameter Policy. Reason: {reason}", "InvalidAttributeValue")


def _bad_parameter(value: str, parameter: str, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"Value {value} for parameter {parameter} is invalid. Reason: {reason}", "InvalidParameterValue"
    )
