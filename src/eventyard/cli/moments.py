"""Moments as people give them: ``10m`` ago, or a date with a time."""

from __future__ import annotations

import re
import time
from datetime import datetime

from eventyard.errors import InvalidRequest

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")


def moment(text: str, option: str) -> int:
    """Milliseconds since the epoch. Raises InvalidRequest, naming ``option``, for what says no moment.

    A date without a time zone is one of this machine."""
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return int((time.time() - float(ago.group(1)) * _UNITS[ago.group(2)]) * 1000)
        return int(datetime.fromisoformat(text.strip()).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(
            f"{option} is a time ago like 90s, 10m, 2h or 1d, or a date like 2026-11-23T16:00:00Z, not {text!r}."
        ) from error


def local(millis: int) -> str:
    """A moment for people, in the time of this machine."""
    return datetime.fromtimestamp(millis / 1000).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
