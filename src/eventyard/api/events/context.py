"""What conditions of a bus's policy may ask of a request: its condition keys, in lower case, with their values.

Source: user guide, "Using IAM policy conditions in Amazon EventBridge". Of PutEvents ``events:source`` is the entry's.
Of PutRule it is what the pattern lets in: each string, and of a test that is no string its JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.bus.resources import Bus, Rule
from eventyard.detail import deeply
from eventyard.policy import Keys

_FIELDS = {
    "events:source": ("source",),
    "events:detail-type": ("detail-type",),
    "events:detail.eventtypecode": ("detail", "eventTypeCode"),
    "events:detail.service": ("detail", "service"),
    "events:detail.useridentity.principalid": ("detail", "userIdentity", "principalId"),
}


class _Envelope(msgspec.Struct):
    """What conditions may ask of an event."""

    source: str
    detail_type: str = msgspec.field(name="detail-type")


_decode = msgspec.json.Decoder(_Envelope).decode


def of_entry(source: str, detail_type: str) -> Keys:
    """Of an entry of PutEvents."""
    return {"events:source": source, "events:detail-type": detail_type, "events:eventbusinvocation": "false"}


def of_forwarded(rule: str, account: str, event: bytes) -> Keys:
    """Of an event that the rule with ARN ``rule`` sends on."""
    envelope = deeply(_decode, event)
    return {
        "aws:sourcearn": rule,
        "aws:sourceaccount": account,
        "events:source": envelope.source,
        "events:detail-type": envelope.detail_type,
        "events:eventbusinvocation": "true",
    }


def of_operation(params: Mapping[str, Any], account: str, bus: Bus | None, rule: Rule | None) -> Keys:
    """Of an operation on ``bus``, or on ``rule``. ``account``: who would be the creator of a rule that isn't there."""
    keys: dict[str, str | tuple[str, ...]] = {
        "events:creatoraccount": rule.created_by if rule is not None else account,
        "events:targetarn": tuple(target["Arn"] for target in params.get("Targets") or ()),
    }
    if rule is not None and rule.managed_by is not None:
        keys["events:managedby"] = rule.managed_by
    kept = rule.tags if rule is not None else bus.tags if bus is not None else {}
    keys |= {f"aws:resourcetag/{name.lower()}": value for name, value in kept.items()}
    given = params.get("Tags") or ()
    keys |= {f"aws:requesttag/{tag['Key'].lower()}": tag["Value"] for tag in given}
    keys["aws:tagkeys"] = (*(tag["Key"] for tag in given), *(params.get("TagKeys") or ()))
    return {**keys, **_of_pattern(params.get("EventPattern"))}


def _of_pattern(text: str | None) -> dict[str, tuple[str, ...]]:
    try:
        pattern = json.loads(text or "{}")
    except (ValueError, RecursionError):  # it is refused for that, but only to those who may put a rule
        return {}
    return {key: _tests(pattern, path) for key, path in _FIELDS.items()}


def _tests(pattern: Any, path: tuple[str, ...]) -> tuple[str, ...]:
    for name in path:
        pattern = pattern.get(name) if isinstance(pattern, dict) else None
    tests = pattern if isinstance(pattern, list) else []
    return tuple(test if isinstance(test, str) else json.dumps(test) for test in tests)
