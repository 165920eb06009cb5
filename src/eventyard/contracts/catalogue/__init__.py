"""The catalogue: a static site of all events, services and atoms, that works from a folder without a server."""

from eventyard.contracts.catalogue.site import build

__all__ = ["build"]
