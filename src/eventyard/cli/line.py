"""An event in one coloured line, for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from rich.text import Text

from eventyard.event import published_at
from eventyard.text import printable

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "bright_red")


def line(event: bytes, rules: tuple[str, ...] | None = None) -> Text:
    """Local time, type, source and detail, and if they are given the rules. A type has the same colour every time."""
    fields: dict[str, Any] = orjson.loads(event)
    kind = printable(fields["detail-type"])
    text = Text()
    text.append(_time(fields), style="dim")
    text.append(f"  {kind:<24}", style=f"bold {colour(kind)}")
    text.append(f"  {printable(fields['source']):<20}  ", style="dim")
    text.append(printable(orjson.dumps(fields["detail"]).decode()))
    if rules is not None:
        text.append(f"  -> {', '.join(rules)}" if rules else "  no rule", style="green" if rules else "dim")
    return text


def colour(name: str) -> str:
    """One of a few colours, by the name."""
    return _COLOURS[sum(name.encode()) % len(_COLOURS)]


def _time(fields: dict[str, Any]) -> str:
    millis = published_at(fields["id"])
    if millis:
        return datetime.fromtimestamp(millis / 1000).strftime("%H:%M:%S.%f")[:-3]
    return str(fields["time"])[11:19]
