"""A contract's document, or an atom, in an editor: what can be written at a place, and where a reference leads."""

from __future__ import annotations

import re

from eventyard.contract.document import SETTINGS

_REFERENCE = re.compile(r'"\$ref"\s*:\s*"([^"\n]*)')
_SETTING = re.compile(r"[A-Za-z]*")
_FENCE = re.compile(r"^(`{3,}|~{3,})\s*(\S*)", re.MULTILINE)


def reference_at(text: str, offset: int) -> tuple[str, int, int] | None:
    """The reference around ``offset``: its URL and where it stands; None if there is none."""
    begin = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[begin : len(text) if end < 0 else end]
    for found in _REFERENCE.finditer(line):
        start, stop = begin + found.start(1), begin + found.end(1)
        if start <= offset <= stop:
            return found.group(1), start, stop
    return None


def settings_at(text: str, offset: int) -> tuple[list[str], int] | None:
    """The settings that could be written at ``offset``, and where their name begins; None outside of the first block of
    YAML, and where no name begins."""
    block = _settings(text)
    if block is None or not block[0] <= offset <= block[1]:
        return None
    begin = text.rfind("\n", 0, offset) + 1
    if not _SETTING.fullmatch(text[begin:offset]):
        return None
    written = {line.partition(":")[0] for line in text[block[0] : block[1]].splitlines() if ":" in line}
    return [name for name in SETTINGS if name not in written], begin


def _settings(text: str) -> tuple[int, int] | None:
    opening: str | None = None
    start = 0
    for found in _FENCE.finditer(text):
        if opening is None:
            opening = found.group(1) if found.group(2).lower() in ("yaml", "yml") else ""
            start = found.end() + 1
        elif opening and found.group(1).startswith(opening):
            return start, found.start()
        else:
            opening = None
    return (start, len(text)) if opening else None
