"""The client library: publishes events that keep their contracts, and handles those that arrive.

It works against Eventyard and against AWS, and knows no room of the server.
"""

from eventyard.client.admission import Draft, Unknown
from eventyard.client.backoff import Backoff
from eventyard.client.blocking import SyncEventClient
from eventyard.client.client import EventClient
from eventyard.client.consumer import Handler, Handlers, handler, handlers
from eventyard.client.contracts import Contracts
from eventyard.client.delivery import Delivered, EventInfo
from eventyard.client.entry import Admitted
from eventyard.client.idempotency import DatabaseStore, MemoryStore, idempotent
from eventyard.client.outbox import Outbox
from eventyard.client.registry import Registry
from eventyard.client.sender import Batching
from eventyard.client.tally import Tally
from eventyard.client.violation import ContractViolation, ManyFailed

__all__ = [
    "Admitted",
    "Backoff",
    "Batching",
    "ContractViolation",
    "Contracts",
    "DatabaseStore",
    "Delivered",
    "Draft",
    "EventClient",
    "EventInfo",
    "Handler",
    "Handlers",
    "ManyFailed",
    "MemoryStore",
    "Outbox",
    "Registry",
    "SyncEventClient",
    "Tally",
    "Unknown",
    "handler",
    "handlers",
    "idempotent",
]
