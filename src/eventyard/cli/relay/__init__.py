"""``eventyard relay``: the relay for a bus of AWS's own EventBridge."""

from eventyard.cli.relay.command import relay

__all__ = ["relay"]
