"""The queues room: durable queues, one consumer a message, standard and FIFO. Knows no events and no HTTP."""

from eventyard.queues.messages import ORIGIN, Attribute, Outgoing, Received, md5_of_attributes, md5_of_body
from eventyard.queues.moves import Moves
from eventyard.queues.policy import SHARED, with_permission, without_permission
from eventyard.queues.queues import Queues
from eventyard.queues.resources import MAX_MESSAGE, Queue

__all__ = [
    "MAX_MESSAGE",
    "ORIGIN",
    "SHARED",
    "Attribute",
    "Moves",
    "Outgoing",
    "Queue",
    "Queues",
    "Received",
    "md5_of_attributes",
    "md5_of_body",
    "with_permission",
    "without_permission",
]
