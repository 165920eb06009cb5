"""Filter policies in the language of event patterns: what a subscription wants of its topic's messages.

Sources: SNS developer guide, "Amazon SNS subscription filter policies" and "Filter policy constraints".
"""

from __future__ import annotations

import json
from typing import Any

from eventyard.errors import InvalidPattern
from eventyard.pattern import Pattern, parse
from eventyard.topics.refusals import invalid

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
#: The detail-types of the events in a topic's log.
NOTIFICATION, CONFIRMATION, FAREWELL = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
_MAX_KEYS, _MAX_COMBINATIONS, _MAX_SIZE = 5, 150, 262_144
_REASON = "Event pattern is not valid. Reason: "


def compile_filter(policy: str | None, scope: str) -> Pattern:
    """The pattern that a message's event must match. Raises InvalidRequest in SNS's words."""
    kind = json.dumps({"detail-type": [NOTIFICATION]})[1:-1]
    if policy is None:
        return parse("{" + kind + "}")
    if len(policy.encode("utf-8", "replace")) > _MAX_SIZE:
        raise invalid("FilterPolicy: the policy is larger than 256 KB")
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError) as error:
        raise invalid("FilterPolicy: failed to parse JSON.") from error
    if document == {}:  # takes everything
        return parse("{" + kind + "}")
    _parse(policy)  # by itself first, so that an error is located in what the user wrote
    if len(document) > _MAX_KEYS:
        raise invalid(f"FilterPolicy: Filter policy can not have more than {_MAX_KEYS} keys")
    if scope == ATTRIBUTES and _nested(document):
        raise invalid("FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy")
    if _combinations(document, 1, scope == BODY) > _MAX_COMBINATIONS:
        raise invalid("FilterPolicy: Filter policy is too complex")
    # A message that is no JSON object never passes a filter on its body, not even one for what is absent.
    inner = f'"attributes":{policy}' if scope == ATTRIBUTES else f'"json":[true],"message":{policy}'
    return _parse("{" + kind + ',"detail":{' + inner + "}}")


def only_to(kind: str, subscription: str) -> Pattern:
    """The pattern of the events of ``kind`` that are meant for one subscription alone: to confirm it, or its end."""
    return parse(json.dumps({"detail-type": [kind], "resources": [subscription]}))


def _parse(text: str) -> Pattern:
    try:
        return parse(text)
    except InvalidPattern as error:
        raise invalid("FilterPolicy: " + error.message.removeprefix(_REASON)) from error


def _nested(document: dict[str, Any]) -> bool:
    """Whether a test lies below another key; ``$or`` is not a key."""
    for key, value in document.items():
        if key == "$or":
            if any(_nested(choice) for choice in value):
                return True
        elif isinstance(value, dict):
            return True
    return False


def _combinations(document: dict[str, Any], level: int, by_level: bool) -> int:
    """The numbers of values multiplied; in a filter on the body each counts as often as it is deep."""
    product = 1
    for key, value in document.items():
        if key == "$or":
            product *= sum(_combinations(choice, level, by_level) for choice in value)
        elif isinstance(value, dict):
            product *= _combinations(value, level + 1, by_level)
        else:
            product *= len(value) * (level if by_level else 1)
    return product
