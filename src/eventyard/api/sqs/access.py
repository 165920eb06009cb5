"""Which queue a request means, and whether the caller may do what it asks: with their own queues all that no policy
denies, with those of other accounts only what their policies allow. Changes nothing.

A statement that this server can't hold callers to, with conditions that it doesn't know for instance, allows nobody,
and denies everybody.
Source: SQS developer guide, "Amazon SQS API permissions: Actions and resource reference".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventyard.api.sqs.address import arn_of_url
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.names import Arn
from eventyard.policy import DIRECT, Keys, Request, denies, of_caller, of_connection, parse_policy
from eventyard.queues import SHARED, Queue, Queues
from eventyard.wire import Caller

#: What a queue's own account may do whatever the policy says: read the policy and mend it, so that no statement locks
#: it out for good.
_MENDING = ("AddPermission", "GetQueueAttributes", "RemovePermission", "SetQueueAttributes")


class Access:
    """Decides by the policies that ``queues`` keeps. ``around``: what else is known of a request, by its
    account and what it is about (an ARN)."""

    def __init__(self, queues: Queues, around: Callable[[str, str], Keys]) -> None:
        self._queues = queues
        self._around = around

    def arn(self, caller: Caller, params: dict[str, Any], action: str) -> str:
        """The ARN of the queue that ``QueueUrl`` means. Raises Forbidden, and NotFound if another account has none."""
        arn = arn_of_url(caller, params["QueueUrl"])
        self.check(caller, arn, action)
        return arn

    def check(self, caller: Caller, arn: str, action: str) -> None:
        """Raises Forbidden, and NotFound if another account has no such queue."""
        owner = Arn.parse(arn)
        if owner is None:
            return
        own = owner.account == caller.account
        if own and (action in _MENDING or not self._queues.has(arn) or not is_guarded(self._queues.get(arn))):
            return  # what is not there is missed by what comes next
        allowed = self._allowed(self._queues.get(arn), caller, action)
        if (own and allowed is not False) or (allowed and action in SHARED):
            return
        name = f"sqs:{action.lower()}"
        reason = (
            "with an explicit deny in a resource-based policy"
            if allowed is False
            else f"because no resource-based policy allows the {name} action"
        )
        raise Forbidden(
            f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: {name} on resource: {arn} "
            f"{reason}",
            "AccessDenied",
        )

    def _allowed(self, queue: Queue, caller: Caller, action: str) -> bool | None:
        """What the policy says; None if nothing."""
        text = queue.attributes.get("Policy")
        if not text:
            return None
        keys = {
            **of_caller(caller.account, caller.region, queue.arn),
            **of_connection(caller.address, caller.secure),
            **self._around(caller.account, queue.arn),
            "aws:sourceaccount": caller.account,
        }
        try:
            policy = parse_policy(text, DIRECT, lenient=True)
        except InvalidRequest:
            return False if denies(text) else None
        decider = policy.decide(Request((caller.account,), f"sqs:{action}", queue.arn, keys))
        return None if decider is None else decider.allows


def is_guarded(queue: Queue) -> bool:
    """Whether the policy of ``queue`` denies anything, perhaps to its own account."""
    text = queue.attributes.get("Policy")
    return bool(text) and denies(text or "")
