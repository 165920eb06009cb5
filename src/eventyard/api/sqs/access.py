"""Which queue a request means, and whether the caller may do what it asks: with the queues of other accounts only what
their policies allow. Changes nothing.

A statement that this server can't hold callers to, with conditions that it doesn't know for instance, allows nobody.
Source: SQS developer guide, "Amazon SQS API permissions: Actions and resource reference".
"""

from __future__ import annotations

from typing import Any

from eventyard.api.sqs.address import arn_of_url
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.names import Arn
from eventyard.policy import CONNECTED, Request, of_caller, of_connection, parse_policy
from eventyard.queues import SHARED, Queue, Queues
from eventyard.wire import Caller


class Access:
    """Decides by the policies that ``queues`` keeps."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def arn(self, caller: Caller, params: dict[str, Any], action: str) -> str:
        """The ARN of the queue that ``QueueUrl`` means. Raises Forbidden, and NotFound if another account has none."""
        arn = arn_of_url(caller, params["QueueUrl"])
        self.check(caller, arn, action)
        return arn

    def check(self, caller: Caller, arn: str, action: str) -> None:
        """Raises Forbidden, and NotFound if another account has no such queue."""
        owner = Arn.parse(arn)
        if owner is None or owner.account == caller.account:
            return
        queue = self._queues.get(arn)
        if action not in SHARED or not _allowed(queue, caller, action):
            name = f"sqs:{action.lower()}"
            raise Forbidden(
                f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: {name} on resource: {arn} "
                f"because no resource-based policy allows the {name} action",
                "AccessDenied",
            )


def own_arn(caller: Caller, url: str) -> str:
    """The ARN of the caller's own queue that ``url`` means. Raises Forbidden for that of another account, whose policy
    would have to be asked."""
    arn = arn_of_url(caller, url)
    if arn.split(":", 5)[4] != caller.account:
        raise Forbidden("The queue is another account's.", "AccessDenied")
    return arn


def _allowed(queue: Queue, caller: Caller, action: str) -> bool:
    text = queue.attributes.get("Policy")
    if not text:
        return False
    keys = {
        **of_caller(caller.account, caller.region, queue.arn),
        **of_connection(caller.address, caller.secure),
        "aws:sourceaccount": caller.account,
    }
    try:
        policy = parse_policy(text, CONNECTED, lenient=True)
    except InvalidRequest:
        return False
    decider = policy.decide(Request((caller.account,), f"sqs:{action}", queue.arn, keys))
    return decider is not None and decider.allows
