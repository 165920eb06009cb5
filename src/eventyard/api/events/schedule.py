"""Whether a rule's schedule expression is one: ``rate(...)`` or ``cron(...)``. It does not compute when that is.

Source: EventBridge user guide, "Setting a schedule pattern for scheduled rules".
"""

from __future__ import annotations

import re

import msgspec

from eventyard.errors import InvalidRequest

_RATE = re.compile(r"rate\(([1-9]\d*) +(minute|hour|day)(s?)\)", re.ASCII)
_CRON = re.compile(r"cron\(([^()]*)\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class _Field(msgspec.Struct, frozen=True):
    """One of the six: its smallest and largest number, the names of its values, and which special forms it takes."""

    low: int
    high: int
    names: tuple[str, ...] = ()
    special: re.Pattern[str] | None = None

    def accepts(self, text: str) -> bool:
        if self.special is not None and self.special.fullmatch(text):
            return True
        return all(self._accepts_part(part) for part in text.split(","))

    def _accepts_part(self, part: str) -> bool:
        span, slash, step = part.partition("/")
        if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
            return False
        if span == "*":
            return True
        first, dash, last = span.partition("-")
        return self._value(first) is not None and (not dash or self._value(last) is not None)

    def _value(self, text: str) -> int | None:
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        if text.isascii() and text.isdigit() and len(text) <= 4 and self.low <= int(text) <= self.high:
            return int(text)
        return None


_FIELDS = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31, special=re.compile(r"\?|L|LW|L-([1-9]|[12]\d|30)|([1-9]|[12]\d|3[01])W")),
    _Field(1, 12, _MONTHS),
    _Field(1, 7, _DAYS, re.compile(r"\?|L|[1-7]L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(#[1-5]|L)", re.IGNORECASE)),
    _Field(1970, 2199),
)


def check_schedule(text: str) -> None:
    """Raises InvalidRequest, in AWS's words, unless ``text`` is a valid schedule of a rule."""
    rate = _RATE.fullmatch(text)
    if rate is not None:
        valid = (rate[1] == "1") != (rate[3] == "s")
    else:
        cron = _CRON.fullmatch(text)
        valid = cron is not None and _is_cron(cron[1].split())
    if not valid:
        raise InvalidRequest("Parameter ScheduleExpression is not valid.")


def _is_cron(fields: list[str]) -> bool:
    if len(fields) != len(_FIELDS):
        return False
    # The guide: whichever of the two day fields is not meant must be "?", and they can't both be.
    if (fields[2] == "?") == (fields[4] == "?"):
        return False
    return all(field.accepts(text) for field, text in zip(_FIELDS, fields, strict=True))
