"""Time zones by their names."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventyard.errors import InvalidRequest


def zone_of(name: str) -> tzinfo:
    """The time zone of this name in the system's IANA database; UTC also where the system has none. Raises
    InvalidRequest in the words that AWS has for schedules."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequest(f"Invalid ScheduleExpressionTimezone {name}.") from error
