"""Eventyard: a self-hosted event platform around a bus that speaks Amazon EventBridge's APIs.

The names of the client library and of the waiter can be imported from here. They are loaded when they are asked for,
so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eventyard.client import ContractViolation as ContractViolation
    from eventyard.client import Draft as Draft
    from eventyard.client import EventClient as EventClient
    from eventyard.client import EventInfo as EventInfo
    from eventyard.client import ManyFailed as ManyFailed
    from eventyard.client import Outbox as Outbox
    from eventyard.client import Registry as Registry
    from eventyard.client import SyncEventClient as SyncEventClient
    from eventyard.client import handler as handler
    from eventyard.client import handlers as handlers
    from eventyard.client import idempotent as idempotent
    from eventyard.waiter import EventNotSeen as EventNotSeen
    from eventyard.waiter import EventWaiter as EventWaiter
    from eventyard.waiter import UnexpectedEvent as UnexpectedEvent

__version__ = "0.1.0"
__all__ = [
    "ContractViolation",
    "Draft",
    "EventClient",
    "EventInfo",
    "EventNotSeen",
    "EventWaiter",
    "ManyFailed",
    "Outbox",
    "Registry",
    "SyncEventClient",
    "UnexpectedEvent",
    "handler",
    "handlers",
    "idempotent",
]

_WAITER = ("EventNotSeen", "EventWaiter", "UnexpectedEvent")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'eventyard' has no attribute {name!r}")
    room = "waiter" if name in _WAITER else "client"
    found = getattr(importlib.import_module(f"eventyard.{room}"), name)
    globals()[name] = found
    return found
