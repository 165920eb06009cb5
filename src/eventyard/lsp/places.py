"""Offsets in a text as the editor counts places."""

from __future__ import annotations

from lsprotocol import types
from pygls.workspace import ServerTextPosition, TextDocument


def place(document: TextDocument, offset: int) -> types.Position:
    """The place of ``offset``, also of the end of a text that ends without a line's end."""
    lines = document.lines
    if offset >= len(document.source) and lines and not lines[-1].endswith(("\n", "\r")):
        return document.position_to_client_units(ServerTextPosition(len(lines) - 1, len(lines[-1])))
    return document.client_position_at_offset(offset)


def span(document: TextDocument, start: int, end: int) -> types.Range:
    return types.Range(place(document, start), place(document, end))
