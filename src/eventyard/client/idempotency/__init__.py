"""Handles each event once: what was done is remembered, what is being done is left alone."""

from eventyard.client.idempotency.database import DatabaseStore
from eventyard.client.idempotency.decorator import idempotent
from eventyard.client.idempotency.memory import MemoryStore
from eventyard.client.idempotency.store import Busy, Done, Mine, Store

__all__ = ["Busy", "DatabaseStore", "Done", "MemoryStore", "Mine", "Store", "idempotent"]
