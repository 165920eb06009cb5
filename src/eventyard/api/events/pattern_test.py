"""TestEventPattern: whether an event would match a pattern."""

from __future__ import annotations

from typing import Any

from eventyard.detail import DEEPEST, parse_object
from eventyard.errors import InvalidRequest
from eventyard.pattern import matches, parse
from eventyard.wire import Caller

_NEEDED = frozenset({"id", "account", "source", "time", "region", "detail-type"})


async def check_event_pattern(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Match ``Event`` against ``EventPattern``.

    Raises:
        InvalidPattern: the pattern is not valid.
        InvalidRequest: the event is not a JSON object with everything that an event has.
    """
    pattern = parse(params["EventPattern"])
    text = params["Event"].encode("utf-8", "replace")
    event = parse_object(text, DEEPEST + 1)
    if event is None or not event.keys() >= _NEEDED:
        raise InvalidRequest("Parameter Event is not valid.")
    return {"Result": matches(pattern, text)}
