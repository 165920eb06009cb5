"""Who may use a topic: its own account unless its policy denies it, and those that its policy allows. It keeps no
policies.

A statement that this server can't hold callers to, with conditions that it doesn't know for instance, allows nobody,
and denies everybody.
"""

from __future__ import annotations

from collections.abc import Callable

from eventyard.errors import Forbidden, InvalidRequest
from eventyard.policy import DIRECT, Keys, Request, denies, of_caller, of_connection, parse_policy
from eventyard.topics import Topic, Topics
from eventyard.wire import Caller

#: What a topic's own account may do whatever the policy says: read the policy and mend it.
_MENDING = ("AddPermission", "GetTopicAttributes", "RemovePermission", "SetTopicAttributes")


class Access:
    """Decides by the policies that ``topics`` keeps. ``around``: what else is known of a request, by its
    account and what it is about (an ARN)."""

    def __init__(self, topics: Topics, around: Callable[[str, str], Keys]) -> None:
        self._topics = topics
        self._around = around

    def topic(self, caller: Caller, action: str, arn: str) -> Topic:
        """The topic with ``arn``, to which the caller may do ``action``.

        Raises:
            NotFound: there is none.
            Forbidden: its policy denies it, or it is another account's, whose policy does not allow it.
        """
        topic = self._topics.get(arn)
        text, own = topic.attributes.get("Policy"), topic.account == caller.account
        if own and (not text or action in _MENDING or not denies(text)):
            return topic
        allowed = self._allowed(topic, caller, action)
        if allowed or (own and allowed is None):
            return topic
        reason = (
            "with an explicit deny in a resource-based policy"
            if allowed is False
            else f"because no resource-based policy allows the SNS:{action} action"
        )
        raise Forbidden(
            f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: SNS:{action} on resource: {arn} "
            f"{reason}",
            "AuthorizationError",
        )

    def _allowed(self, topic: Topic, caller: Caller, action: str) -> bool | None:
        """What the policy says; None if nothing."""
        text = topic.attributes.get("Policy")
        if not text:
            return None
        known = {
            **of_caller(caller.account, caller.region, topic.arn),
            **of_connection(caller.address, caller.secure),
            **self._around(caller.account, topic.arn),
            "aws:sourceaccount": caller.account,
        }
        try:
            policy = parse_policy(text, DIRECT, lenient=True)
            decider = policy.decide(Request((caller.account,), f"SNS:{action}", topic.arn, known))
        except InvalidRequest:
            return False if denies(text) else None
        return None if decider is None else decider.allows
