"""The EventWaiter: assert in an ordinary test that a system published an event, and get told why not.

A client of the relay: it knows its protocol and no room of the server.
"""

from eventyard.waiter.event import Event
from eventyard.waiter.failure import EventNotSeen, UnexpectedEvent
from eventyard.waiter.waiter import BlockingSubscription, BlockingWaiter, EventWaiter, Subscription

__all__ = [
    "BlockingSubscription",
    "BlockingWaiter",
    "Event",
    "EventNotSeen",
    "EventWaiter",
    "Subscription",
    "UnexpectedEvent",
]
