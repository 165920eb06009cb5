"""How SNS words its refusals. Decides nothing."""

from __future__ import annotations

import json
from typing import Any

from eventyard.errors import InvalidRequest, NotFound


def invalid(what: str) -> InvalidRequest:
    """ "Invalid parameter: what", where ``what`` is a parameter's name, or a name with " Reason: ..."."""
    return InvalidRequest(f"Invalid parameter: {what}", "InvalidParameter")


def bad_value(message: str) -> InvalidRequest:
    """What is wrong with a message attribute."""
    return InvalidRequest(message, "ParameterValueInvalid")


def no_topic() -> NotFound:
    return NotFound("Topic does not exist", "NotFound")


def no_subscription() -> NotFound:
    return NotFound("Subscription does not exist", "NotFound")


def as_object(name: str, text: str) -> dict[str, Any]:
    """The JSON object that ``text`` is. Raises InvalidRequest, which names what it was to be, for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(f"{name}: failed to parse JSON.") from error
    if not isinstance(value, dict):
        raise invalid(f"{name}: must be a JSON object.")
    return value
