"""Keeps the last of a disk for what was promised already: new events are refused before nothing can be written at all.

SQLite needs room even to delete. On a disk filled to the brim no consumer could take anything out, nothing delivered
could be entered, and nothing would ever get better by itself. It writes nothing and frees nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from eventyard.errors import TryAgain

#: AWS's code for "wait and send the same again" with status 503, which SDKs do by themselves ("Common Errors").
NO_ROOM = "ServiceUnavailable"

PAGE = 8192
_RESERVE = 64 << 20
_SHARE = 8
_PART = 64
LOG_PAGES = 8_000
_LOG_SHARE = 32

Free = Callable[[], tuple[int, int]]
"""Bytes that this process may still write, and bytes in all."""


class Room:
    """The reserve is 64 MiB, or an eighth of a disk that is smaller than half a GiB."""

    def __init__(self, free: Free) -> None:
        self._free = free
        self._known = 0  #: bytes that can be written before the disk is asked again
        #: What the write-ahead log may have before it is folded into the file: 64 MiB, or less on a small disk.
        self.log_pages = max(min(LOG_PAGES, free()[1] // _LOG_SHARE // PAGE), 16)

    def check(self, size: int) -> None:
        """Raises TryAgain when only the reserve is left. ``size``: bytes that are going to be written.

        The disk is asked anew for each MiB (on small disks for less), a small part of the reserve: the answer takes
        longer than all the rest of an append, and meanwhile the interpreter's lock is the writer's."""
        self._known -= size
        if self._known >= 0:
            return
        free, whole = self._free()
        reserve = min(_RESERVE, whole // _SHARE)
        if free < reserve:
            raise TryAgain(f"The disk is nearly full: {free >> 20} MiB are left.", NO_ROOM)
        self._known = reserve // _PART


def free_of(directory: Path) -> Free:
    """Of the file system that ``directory`` is on."""

    def free() -> tuple[int, int]:
        found = os.statvfs(directory)
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

    return free
