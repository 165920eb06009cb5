"""What a bus wants done with events that break their contracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

Mode = Literal["off", "warn", "quarantine", "reject"]
"""``warn``: the event is published, and an event tells of it. ``quarantine``: it is kept beside the bus, and its
publisher is answered as usual. ``reject``: its publisher is told why."""

MODES: tuple[Mode, ...] = get_args(Mode)


class Rules(msgspec.Struct, frozen=True):
    """``registry``: the ARN of the registry that holds the contracts. ``mode``: for all events but those in ``events``
    (by detail-type). ``unknown``: for events without a contract. ``queue``: the ARN of a queue that gets what is
    quarantined; without one it is kept in the bus's quarantine only, as long as the bus keeps its events."""

    registry: str
    mode: Mode = "off"
    events: Mapping[str, Mode] = {}
    unknown: Mode = "off"
    queue: str | None = None

    def mode_of(self, detail_type: str) -> Mode:
        return self.events.get(detail_type, self.mode)
