"""EventBridge Pipes' API over the pipes of this server."""

from __future__ import annotations

from eventyard.api.pipes.door import pipes_door

__all__ = ["pipes_door"]
