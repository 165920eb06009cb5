"""TestEventPattern: whether an event would match a pattern."""

from __future__ import annotations

from typing import Any

import orjson

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
    try:
        text = params["Event"].encode()
        event = orjson.loads(text)
    except ValueError as error:
        raise InvalidRequest("Parameter Event is not valid.") from error
    if not isinstance(event, dict) or not event.keys() >= _NEEDED:
        raise InvalidRequest("Parameter Event is not valid.")
    return {"Result": matches(pattern, text)}
