"""Connections and API destinations: which there are, and their secrets, encrypted at rest. Calls nobody: delivery and
tokens are HTTP targets' business."""

from eventyard.connections.connections import Connections
from eventyard.connections.resources import (
    API_KEY,
    BASIC,
    OAUTH,
    ApiDestination,
    Connection,
    api_destination_arn,
    connection_arn,
)

__all__ = [
    "API_KEY",
    "BASIC",
    "OAUTH",
    "ApiDestination",
    "Connection",
    "Connections",
    "api_destination_arn",
    "connection_arn",
]
