"""Texts of a target's settings with places for what the event says: ``cars.<$.detail.make>``."""

from __future__ import annotations

import re

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.transform.path import Step, parse_path, select

_PLACE = re.compile(r"<(\$[^<>]*)>")


class Filling:
    """``text``: with places for JSON paths into the event, as :mod:`eventyard.transform.path` reads them. Raises
    InvalidRequest for a path that can't be read."""

    def __init__(self, text: str) -> None:
        pieces = _PLACE.split(text)
        self._texts = pieces[::2]
        self._paths: list[tuple[str, tuple[Step, ...]]] = [(path, parse_path(path)) for path in pieces[1::2]]

    def of(self, event: bytes) -> str:
        """The text for ``event``: strings as they are, everything else as its JSON.

        Raises InvalidRequest where a path leads nowhere, or to null: a key or a subject with a hole in it would send
        the event where nobody looks for it."""
        parts = [self._texts[0]]
        for (path, steps), text in zip(self._paths, self._texts[1:], strict=True):
            found = select(event, steps)
            if found is None or found == b"null":
                raise InvalidRequest(f"The event has nothing at {path}.")
            parts += (msgspec.json.decode(found, type=str) if found.startswith(b'"') else found.decode(), text)
        return "".join(parts)
