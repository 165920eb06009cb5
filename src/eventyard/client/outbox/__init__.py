"""The transactional outbox: events are written in the transaction of the facts they tell of, and published
afterwards."""

from eventyard.client.outbox.outbox import Outbox
from eventyard.client.outbox.relay import Relay, Round

__all__ = ["Outbox", "Relay", "Round"]
