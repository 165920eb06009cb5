"""The log that a page is asked about: what a bus still has, or what is in an archive."""

from __future__ import annotations

from collections.abc import Callable

from eventyard.api.answers import bus_of, may_see
from eventyard.bus import Directory
from eventyard.errors import Forbidden, InvalidRequest, NotFound
from eventyard.names import bus_name
from eventyard.wire import HttpRequest

FindArchive = Callable[[str], str | None]
"""The name of the log of the archive with an ARN, or None if there is no such archive."""


class Logs:
    """Finds logs by names of buses and archives. ``find_archive``: see :data:`FindArchive`."""

    def __init__(self, directory: Directory, find_archive: FindArchive) -> None:
        self._directory = directory
        self._find_archive = find_archive

    def of(self, request: HttpRequest) -> str:
        """The log that ``bus`` or ``archive`` in the query names; the default bus's, if neither is there.

        Raises NotFound, and Forbidden for another account's."""
        archive = request.query.get("archive")
        bus = bus_of(request)
        if archive is None:
            if not self._directory.has_bus(bus):
                raise NotFound(f"Event bus {bus} does not exist.")
            return bus
        if "bus" in request.query:
            raise InvalidRequest("Either a bus or an archive, not both.")
        place = bus.removesuffix(f":event-bus/{bus_name(bus)}")
        arn = archive if archive.startswith("arn:") else f"{place}:archive/{archive}"
        if not may_see(request, arn):
            raise Forbidden(f"This account may not look at {arn}.", "AccessDeniedException")
        log = self._find_archive(arn)
        if log is None:
            raise NotFound(f"Archive {archive} does not exist.")
        return log
