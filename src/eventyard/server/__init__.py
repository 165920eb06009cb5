"""The server room: ``house`` joins the rooms, ``doors`` opens them, ``server`` answers, ``serve`` runs all of it.

The only room that names concrete stores, targets and doors.
"""

from eventyard.server.doors import doors_of
from eventyard.server.house import House
from eventyard.server.serve import serve

__all__ = ["House", "doors_of", "serve"]
