"""Taking messages out of a dead-letter queue, to where each came from or all to one queue. How fast, others decide.

Sources: SQS API reference, StartMessageMoveTask, "DestinationArn"; developer guide, "Configuring a dead-letter queue
redrive" (redriven messages are new messages with new ids).
"""

from __future__ import annotations

from itertools import groupby

from eventyard.errors import InvalidRequest
from eventyard.event import new_ids
from eventyard.queues.messages import ORIGIN, Received, pack
from eventyard.queues.queues import Queues
from eventyard.queues.resources import Queue
from eventyard.store import NewMessage

#: How long messages are hidden while they are on their way (seconds): after a crash they are back as soon as that.
HIDDEN = 5


async def take_out(queues: Queues, source: str, destination: str | None, limit: int, now: int) -> int:
    """Move up to ``limit`` messages of the dead-letter queue ``source`` to ``destination``, or with None each to where
    it came from; answers how many.

    They are durable there before they leave ``source``, so a crash in between leaves some in both. Raises NotFound
    where that queue is gone, InvalidRequest for a message of which nobody knows; what was not moved stays."""
    # What was sent before its queue had a dead-letter queue does not know where it comes from.
    origins = [queue.arn for queue in queues.dead_letter_sources(source)]
    only = origins[0] if len(origins) == 1 else None
    found = await queues.receive(source, limit, HIDDEN, 0)
    moved = 0
    try:
        for home, group in groupby(found, lambda one: destination or _origin(one, source) or only):
            if home is None:
                break
            queue, batch = queues.get(home), list(group)
            ids = new_ids(len(batch), now)
            await queues.resend(home, [_again(one, id, queue, now) for one, id in zip(batch, ids, strict=True)])
            await queues.settle(source, [(one.message.receipt, None) for one in batch])
            moved += len(batch)
    finally:
        if moved < len(found):
            await queues.settle(source, [(one.message.receipt, 0) for one in found[moved:]])
    if moved < len(found):
        raise InvalidRequest(
            f"Nobody knows from which queue the message {found[moved].message.id} came.",
            "CouldNotDetermineMessageSource",
        )
    return moved


def _origin(one: Received, source: str) -> str | None:
    """Where a message that is in ``source`` became a dead letter; None where that isn't known."""
    origin = one.system.get(ORIGIN)
    return None if origin == source else origin


def _again(one: Received, id: str, queue: Queue, now: int) -> NewMessage:
    """The message as ``queue`` keeps it, which is where it comes from should it become a dead letter again."""
    system = {name: value for name, value in one.system.items() if name != ORIGIN}
    if "RedrivePolicy" in queue.attributes:
        system[ORIGIN] = queue.arn
    m = one.message
    return NewMessage(id, m.body, now, now, pack(one.attributes, system), m.group, m.dedup)
