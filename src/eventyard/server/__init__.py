"""The server room: ``house`` joins the rooms, ``server`` answers with them, ``serve`` runs them until told to stop.

The only room that names concrete stores, targets and doors.
"""

from eventyard.server.house import House
from eventyard.server.serve import serve

__all__ = ["House", "serve"]
