"""The door of Amazon SQS's API: which operation is answered by whom."""

from __future__ import annotations

from collections.abc import Callable

from eventyard.api.sqs.access import Access
from eventyard.api.sqs.fast import Fast
from eventyard.api.sqs.messages import Messages
from eventyard.api.sqs.moves import MoveTasks
from eventyard.api.sqs.queues import QueueOperations
from eventyard.policy import Keys
from eventyard.queues import Moves, Queues
from eventyard.wire import Door


def sqs_door(queues: Queues, moves: Moves, around: Callable[[str, str], Keys]) -> Door:
    """Every operation; those that carry messages also in a fast form. ``around``: see Access."""
    access = Access(queues, around)
    return Door(
        service="sqs",
        operations={
            **QueueOperations(queues, access).operations(),
            **Messages(queues, access).operations(),
            **MoveTasks(moves, access).operations(),
        },
        fast=Fast(queues).operations(),
        # A long poll whose client has gone must not claim messages for nobody.
        waits=frozenset({"ReceiveMessage"}),
    )
