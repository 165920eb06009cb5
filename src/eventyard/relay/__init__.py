"""The relay: the events of buses over WebSockets, as they happen and from any position that is still kept.

docs/relay.md is its protocol. It delivers nothing and keeps nothing: what resumes after a broken connection is the
client, which knows the position of the last event that it has seen.
"""

from eventyard.relay.door import PATH, Relay
from eventyard.relay.session import Site
from eventyard.relay.tokens import Tokens

__all__ = ["PATH", "Relay", "Site", "Tokens"]
