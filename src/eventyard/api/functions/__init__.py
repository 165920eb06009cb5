"""Lambda's API over the functions of this server."""

from __future__ import annotations

from eventyard.api.functions.door import functions_door

__all__ = ["functions_door"]
