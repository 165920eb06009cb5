"""Input templates of pipes: text with ``<$.paths>`` and reserved variables.

It is the rules' dialect under other names, so a template is put into theirs. Source: user guide, "Amazon EventBridge
Pipes input transformation".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.event import iso_seconds
from eventyard.transform import Context
from eventyard.transform.template import EVENT_JSON, INGESTION_TIME, Template

_PLACEHOLDER = re.compile(r"<(\$[^<>]*|aws\.[A-Za-z0-9_.\-]+)>")
_RESERVED = {
    "aws.pipes.event": EVENT_JSON,
    "aws.pipes.event.json": EVENT_JSON,
    "aws.pipes.event.ingestion-time": INGESTION_TIME,
}
_QUOTES = re.compile(r'\\.|"', re.DOTALL)

Fill = Callable[[bytes, int], bytes]
"""From an event and the time (ms) to a payload. Raises InvalidRequest where none results."""


def compile_template(text: str | None, constants: Mapping[str, str]) -> Fill | None:
    """None for no template. ``constants``: what ``<aws.pipes.pipe-arn>`` and its like stand for.

    Raises InvalidRequest for unknown variables and paths that can't be read."""
    if not text:
        return None
    parts: list[str] = []
    paths: dict[str, str] = {}
    at, inside = 0, False
    for found in _PLACEHOLDER.finditer(text):
        literal, name = text[at : found.start()], found.group(1)
        inside ^= sum(piece.group() == '"' for piece in _QUOTES.finditer(literal)) % 2 == 1
        parts.append(literal)
        if name in constants:
            quoted = msgspec.json.encode(constants[name]).decode()
            parts.append(quoted[1:-1] if inside else quoted)
        elif name in _RESERVED:
            parts.append(f"<{_RESERVED[name]}>")
        elif name.startswith("$"):
            label = f"path{len(paths)}"
            paths[label] = name
            parts.append(f"<{label}>")
        else:
            raise InvalidRequest(f"InputTemplate contains the unknown variable {name}.")
        at = found.end()
    parts.append(text[at:])
    template = Template("pipe", "".join(parts), paths)
    return lambda event, now: template.fill(event, Context("", "", iso_seconds(now)))
