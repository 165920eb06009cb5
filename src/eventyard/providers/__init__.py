"""The providers of webhooks that come with Eventyard, one scheme a file, and those that plug-ins bring.

Each keeps the contract in :mod:`eventyard.provider`; none knows buses, events or HTTP servers.
"""

from eventyard.providers.catalogue import BUILT_IN, find, names

__all__ = ["BUILT_IN", "find", "names"]
