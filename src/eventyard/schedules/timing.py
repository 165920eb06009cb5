"""When a schedule is due, and what it then fires. Raises InvalidRequest for what can't be scheduled.

Sources: EventBridge Scheduler User Guide, "Schedule types", "Configuring flexible time windows" and "Adding context
attributes"; API Reference, CreateSchedule.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from eventyard.cron import At, parse_expression, zone_of
from eventyard.errors import InvalidRequest
from eventyard.event import envelope, iso_seconds
from eventyard.firing import EVER, Firing
from eventyard.names import Arn
from eventyard.schedules.letters import Payload, execution_id, letter_of
from eventyard.schedules.resources import MAX_AGE, MAX_ATTEMPTS, Schedule, group_of

Jitter = Callable[[str, int, int], int]
"""``jitter(name, moment, window)``: milliseconds below ``window``; the same for the same arguments, always."""


class _Fired(msgspec.Struct):
    detail: str


_decode = msgspec.json.Decoder(_Fired).decode
_ATTEMPT = "<aws.scheduler.attempt-number>"


def firing_of(schedule: Schedule, jitter: Jitter) -> Firing:
    """What is to be fired for ``schedule``."""
    window = (schedule.flexible or 0) * 60_000
    retry = schedule.target.get("RetryPolicy") or {}
    max_age = retry.get("MaximumEventAgeInSeconds") or MAX_AGE
    attempts = retry.get("MaximumRetryAttempts")
    payload = _payload(schedule)
    return Firing(
        name=schedule.arn,
        log=log_of(group_of(schedule.arn)),
        next_after=_next_after(schedule),
        delay=(lambda moment: jitter(schedule.arn, moment, window)) if window else (lambda moment: 0),
        body=body_of(schedule),
        payload=payload,
        since=schedule.since,
        # What is older than its MaximumEventAgeInSeconds is fired too, and ends as a dead letter. What could be more
        # than anybody wants is bounded by the longest age; but a schedule's only moment is never left out.
        window=EVER if _is_once(schedule) else MAX_AGE * 1000 + window,
        enabled=schedule.state == "ENABLED",
        target_arn=schedule.target["Arn"],
        parameters={name: value for name, value in schedule.target.items() if name.endswith("Parameters")},
        max_attempts=MAX_ATTEMPTS if attempts is None else attempts,
        max_age=max_age,
        dead_letter_arn=(schedule.target.get("DeadLetterConfig") or {}).get("Arn"),
        letter=letter_of(schedule, payload),
    )


def _is_once(schedule: Schedule) -> bool:
    return schedule.expression.startswith("at(")


def log_of(group: str) -> str:
    """The log that the schedules of a group fire into."""
    return f"{group}#firings"


def _next_after(schedule: Schedule) -> Callable[[int], int | None]:
    zone = zone_of(schedule.timezone)
    start = schedule.created if schedule.start is None else schedule.start
    try:
        expression = parse_expression(schedule.expression, "scheduler", anchor=start)
    except InvalidRequest as error:
        raise InvalidRequest(f"Invalid Schedule Expression {schedule.expression}.") from error
    if isinstance(expression, At):  # for which AWS ignores start and end
        return lambda millis: expression.next_after(millis, zone)

    def next_after(millis: int) -> int | None:
        moment = expression.next_after(max(millis, start - 1), zone)
        return None if moment is None or (schedule.end is not None and moment > schedule.end) else moment

    return next_after


def body_of(schedule: Schedule, given: str | None = None) -> Callable[[str, int], bytes]:
    """Events in the form of the default notification, whose ``detail`` is a text: ``given``, or else the target's Input
    if there is one, with its context attributes."""
    arn = Arn.parse(schedule.arn)
    account, region = (arn.account, arn.region) if arn is not None else ("", "")

    def body(id: str, moment: int) -> bytes:
        time = iso_seconds(moment)
        text: str = given or schedule.target.get("Input") or "{}"
        text = text.replace("<aws.scheduler.schedule-arn>", schedule.arn)
        text = text.replace("<aws.scheduler.scheduled-time>", time)
        text = text.replace("<aws.scheduler.execution-id>", execution_id(id))
        return envelope(
            id=id,
            detail_type="Scheduled Event",
            source="aws.scheduler",
            account=account,
            time=time,
            region=region,
            resources=[schedule.arn],
            detail=msgspec.json.encode(text),
        )

    return body


def _payload(schedule: Schedule) -> Payload | None:
    """The target's Input, where only the attempt is still to be told; None for the default notification."""
    if schedule.target.get("Input") is None:
        return None
    return lambda body, attempt: _decode(body).detail.replace(_ATTEMPT, str(attempt)).encode()
