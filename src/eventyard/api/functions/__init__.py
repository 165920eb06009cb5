"""Lambda's API over the functions of this server."""

from __future__ import annotations

from eventyard.api.functions.door import functions_door
from eventyard.api.functions.pages import FunctionPages

__all__ = ["FunctionPages", "functions_door"]
