"""One difference between two schemas, in words."""

from __future__ import annotations

import msgspec

from eventyard.contracts.compatibility.verdict import Direction
from eventyard.text import printable


class Change(msgspec.Struct, frozen=True):
    """``path``: where in a detail, as a JSON pointer with ``*`` for any item or name. ``keyword``: what changed there.
    ``message``: a sentence. ``breaks``: whom it can break; a verdict of ``compatible`` overrules it."""

    path: str
    keyword: str
    message: str
    breaks: tuple[Direction, ...] = ()

    def __str__(self) -> str:
        return printable(f"{self.path or 'detail'}: {self.message}")
