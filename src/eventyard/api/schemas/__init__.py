"""The EventBridge Schemas API over the registries of this server."""

from __future__ import annotations

from eventyard.api.schemas.door import schemas_door

__all__ = ["schemas_door"]
