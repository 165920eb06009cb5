"""The door of Amazon SNS's API: which operation is answered by whom.

What is not here (mobile push, SMS, their sandboxes and opt-outs) is refused by its name.
"""

from __future__ import annotations

from collections.abc import Callable

from eventyard.api.sns.access import Access
from eventyard.api.sns.publish import PublishOperations
from eventyard.api.sns.subscriptions import SubscriptionOperations
from eventyard.api.sns.topics import TopicOperations
from eventyard.policy import Keys
from eventyard.topics import Topics
from eventyard.wire import Door


def sns_door(topics: Topics, around: Callable[[str, str], Keys]) -> Door:
    """Every operation on topics, their subscriptions and messages. ``around``: see Access."""
    access = Access(topics, around)
    return Door(
        service="sns",
        operations={
            **TopicOperations(topics, access).operations(),
            **SubscriptionOperations(topics, access).operations(),
            **PublishOperations(topics, access).operations(),
        },
        # Visited from the documents that endpoints get, by whoever reads those.
        open=frozenset({"ConfirmSubscription", "Unsubscribe"}),
    )
