"""What FIFO topics keep, and what of it subscriptions want once more: ArchivePolicy and ReplayPolicy. It moves nothing.

Sources: SNS developer guide, "Message archiving and replay for FIFO topics"; API reference, Subscribe ("ReplayPolicy",
"ReplayStatus") and GetTopicAttributes ("BeginningArchiveTime").
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from eventyard.topics.refusals import as_object, invalid
from eventyard.topics.resources import Topic

_DAY = 86_400_000
_LONGEST = 365


class Span(msgspec.Struct, frozen=True):
    """Messages published from ``since`` on, and up to ``until`` or without end (ms)."""

    since: int
    until: int | None = None


def archive_days(text: str) -> int | None:
    """For how long messages are kept; None for a policy that is empty. Raises InvalidRequest."""
    policy = as_object("ArchivePolicy", text) if text else {}
    if not policy:
        return None
    if policy.keys() != {"MessageRetentionPeriod"}:
        raise invalid("ArchivePolicy: it must hold a MessageRetentionPeriod, and nothing else.")
    days = str(policy["MessageRetentionPeriod"])
    if not days.isdecimal() or not 1 <= int(days) <= _LONGEST:
        raise invalid(f"ArchivePolicy: MessageRetentionPeriod must be from 1 to {_LONGEST} days.")
    return int(days)


def archive_age(topic: Topic) -> int | None:
    """For how long (ms) the topic keeps messages beyond what all topics do."""
    days = archive_days(topic.attributes.get("ArchivePolicy", ""))
    return None if days is None else days * _DAY


def archive_begins(topic: Topic, now: int) -> int | None:
    """From when on messages can be replayed; None for a topic that keeps none."""
    age = archive_age(topic)
    return None if age is None else max(topic.archived or topic.created, now - age)


def span_of(topic: Topic, text: str, now: int) -> Span | None:
    """What a ReplayPolicy asks for; None for an empty one. Raises InvalidRequest."""
    policy = as_object("ReplayPolicy", text) if text else {}
    if not policy:
        return None
    begins = archive_begins(topic, now)
    if begins is None:
        raise invalid("ReplayPolicy: the topic has no ArchivePolicy.")
    if not {"PointType", "StartingPoint"} <= policy.keys() <= {"PointType", "StartingPoint", "EndingPoint"}:
        raise invalid("ReplayPolicy: it must hold PointType and StartingPoint, and may hold EndingPoint.")
    if policy["PointType"] != "Timestamp":
        raise invalid("ReplayPolicy: PointType must be Timestamp.")
    since, until = _time("StartingPoint", policy["StartingPoint"]), None
    if policy.get("EndingPoint") is not None:
        until = _time("EndingPoint", policy["EndingPoint"])
    if not begins // 1000 * 1000 <= since <= now:
        raise invalid("ReplayPolicy: StartingPoint must be between the topic's BeginningArchiveTime and now.")
    if until is not None and not since < until <= now:
        raise invalid("ReplayPolicy: EndingPoint must be after StartingPoint, and not in the future.")
    return Span(since, until)


def _time(name: str, text: object) -> int:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise invalid(f"ReplayPolicy: {name} is not a time.") from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(moment.timestamp() * 1000)
