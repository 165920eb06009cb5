"""Where the pages of a catalogue are: file names that every file system takes, a page of its own for each name."""

from __future__ import annotations

import re
from urllib.parse import quote

_LONGEST = 100


class Addresses:
    """File names in one folder. The same name gets the same file."""

    def __init__(self, folder: str, suffix: str = ".html") -> None:
        self._folder = folder
        self._suffix = suffix
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()

    def path(self, name: str) -> str:
        """The file of ``name``, relative to the catalogue. Names that differ only in what a file can't be called by,
        or in upper and lower case, get a number."""
        if name not in self._known:
            plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:_LONGEST] or "x"
            found, number = plain, 1
            while found.lower() in self._taken:
                number += 1
                found = f"{plain}-{number}"
            self._taken.add(found.lower())
            self._known[name] = f"{self._folder}/{found}{self._suffix}"
        return self._known[name]

    def link(self, name: str, root: str) -> str:
        """``root`` leads from the page with the link to the catalogue's own folder."""
        return root + quote(self.path(name))
