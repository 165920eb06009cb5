"""Who may use a topic: its own account, and those that its policy allows. It keeps no policies.

A statement that this server can't hold callers to, with conditions that it doesn't know for instance, allows nobody.
"""

from __future__ import annotations

from eventyard.errors import Forbidden, InvalidRequest
from eventyard.policy import CONNECTED, Request, of_caller, of_connection, parse_policy
from eventyard.topics import Topic, Topics
from eventyard.wire import Caller


class Access:
    """Decides by the policies that ``topics`` keeps."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    def topic(self, caller: Caller, action: str, arn: str) -> Topic:
        """The topic with ``arn``, to which the caller may do ``action``.

        Raises:
            NotFound: there is none.
            Forbidden: it is another account's, whose policy does not allow it.
        """
        topic = self._topics.get(arn)
        if topic.account != caller.account and not _allowed(topic, caller, action):
            raise Forbidden(
                f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: SNS:{action} on resource: "
                f"{arn} because no resource-based policy allows the SNS:{action} action",
                "AuthorizationError",
            )
        return topic


def _allowed(topic: Topic, caller: Caller, action: str) -> bool:
    text = topic.attributes.get("Policy")
    if not text:
        return False
    known = {
        **of_caller(caller.account, caller.region, topic.arn),
        **of_connection(caller.address, caller.secure),
    }
    try:
        policy = parse_policy(text, CONNECTED, lenient=True)
        decider = policy.decide(Request((caller.account,), f"SNS:{action}", topic.arn, known))
    except InvalidRequest:
        return False
    return decider is not None and decider.allows
