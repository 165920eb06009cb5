"""Schedules: create, get, list, update and delete. What can't work is refused when it is made, not when it is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.schedules import DEFAULT_GROUP, Schedule, Schedules, group_arn, schedule_arn
from eventyard.wire import Caller, Calls, Handler

#: What nobody else's policy can open to the caller here: their roles would have to.
_OWN_ONLY = frozenset({"events", "firehose", "kinesis", "lambda"})
#: Targets whose payload is the schedule's Input as it is; the others need parameters of their own.
_PLAIN = frozenset({"sqs", "sns", "lambda", "kinesis", "firehose"})
#: What all targets have in common, and the parameters that only targets of one service have.
_COMMON = frozenset({"Arn", "RoleArn", "DeadLetterConfig", "RetryPolicy", "Input"})
_OWN = {"sqs": "SqsParameters", "events": "EventBridgeParameters", "kinesis": "KinesisParameters"}
_RETRY = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
_UNIVERSAL = "aws-sdk:"
_LATE = 5 * 60_000
#: Leaves room in the 256 KiB of an event for what keywords may grow to.
_LARGEST_DETAIL = 192 << 10


class ScheduleOperations:
    """The operations on schedules."""

    def __init__(
        self,
        schedules: Schedules,
        clock: Clock,
        supported: Callable[[str], bool],
        calls: Calls,
        elsewhere: Callable[[str, str], bool],
    ) -> None:
        self._schedules = schedules
        self._clock = clock
        self._supported = supported
        self._calls = calls
        self._elsewhere = elsewhere

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateSchedule": self.create,
            "DeleteSchedule": self.delete,
            "GetSchedule": self.get,
            "ListSchedules": self.list,
            "UpdateSchedule": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        schedule = self._asked(caller, params)
        _check_dates(schedule, self._clock.now())
        await self._schedules.create(schedule)
        return {"ScheduleArn": schedule.arn}

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Replace a schedule: what is left out goes back to its default."""
        schedule = self._asked(caller, params)
        self._schedules.find(schedule.arn)
        if schedule.end is not None and schedule.start is not None and schedule.end <= schedule.start:
            raise InvalidRequest("The EndDate you specify must come after the StartDate.")
        await self._schedules.update(schedule)
        return {"ScheduleArn": schedule.arn}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._schedules.delete(_arn(caller, params), params.get("ClientToken"))
        return {}

    async def get(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        schedule = self._schedules.find(_arn(caller, params))
        return given(
            **_summary(schedule),
            ScheduleExpression=schedule.expression,
            ScheduleExpressionTimezone=schedule.timezone,
            StartDate=None if schedule.start is None else schedule.start / 1000,
            EndDate=None if schedule.end is None else schedule.end / 1000,
            Description=schedule.description,
            KmsKeyArn=schedule.kms_key,
            FlexibleTimeWindow=given(
                Mode="OFF" if schedule.flexible is None else "FLEXIBLE", MaximumWindowInMinutes=schedule.flexible
            ),
            ActionAfterCompletion=schedule.after_completion,
        ) | {"Target": schedule.target | {"RetryPolicy": _RETRY | (schedule.target.get("RetryPolicy") or {})}}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        prefix, state, wanted = params.get("NamePrefix") or "", params.get("State"), params.get("GroupName")
        if wanted is not None:
            groups = [group_arn(caller.account, caller.region, wanted)]
        else:
            groups = [group.arn for group in self._schedules.groups(caller.account, caller.region)]
        found = [
            schedule
            for group in groups
            for schedule in self._schedules.list(group)
            if schedule.name.startswith(prefix) and state in (None, schedule.state)
        ]
        found.sort(key=_order)
        asked = {"NextToken": params.get("NextToken"), "Limit": params.get("MaxResults")}
        shown, token = page(found, _order, asked, f"schedules {wanted} {prefix} {state}")
        described = [_summary(one) | {"Target": {"Arn": one.target["Arn"]}} for one in shown]
        return given(Schedules=described, NextToken=token)

    def _asked(self, caller: Caller, params: dict[str, Any]) -> Schedule:
        """The schedule in the parameters of a request. Raises InvalidRequest."""
        now = self._clock.now()
        window = params["FlexibleTimeWindow"]
        minutes = window.get("MaximumWindowInMinutes")
        if (window["Mode"] == "FLEXIBLE") != (minutes is not None):
            raise InvalidRequest("MaximumWindowInMinutes must be given if, and only if, the Mode is FLEXIBLE.")
        return Schedule(
            arn=_arn(caller, params),
            name=params["Name"],
            group=params.get("GroupName") or DEFAULT_GROUP,
            created=now,
            modified=now,
            since=now - 1,
            expression=params["ScheduleExpression"],
            timezone=params.get("ScheduleExpressionTimezone") or "UTC",
            start=_millis(params.get("StartDate")),
            end=_millis(params.get("EndDate")),
            flexible=minutes,
            target=self._target(caller, params["Target"]),
            state=params.get("State") or "ENABLED",
            description=params.get("Description"),
            kms_key=params.get("KmsKeyArn"),
            after_completion=params.get("ActionAfterCompletion") or "NONE",
            token=params.get("ClientToken"),
        )

    def _target(self, caller: Caller, target: dict[str, Any]) -> dict[str, Any]:
        """``target``, if this server can deliver to it. Raises InvalidRequest."""
        arn = Arn.parse(target["Arn"])
        if arn is None:
            raise InvalidRequest(f"Provided Arn is not in correct format: {target['Arn']}.")
        if arn.service == "scheduler" and arn.resource.startswith(_UNIVERSAL):
            _check_members(target, "a universal target", None)
            self._calls.check(arn.resource.removeprefix(_UNIVERSAL), target.get("Input") or "{}")
            return target
        bus = arn.service == "events" and arn.resource.startswith("event-bus/")
        outside = arn.service == "events" and arn.resource.startswith("target/")
        elsewhere = self._elsewhere(caller.account, target["Arn"])
        plain = outside or (arn.service in _PLAIN and self._supported(target["Arn"]))
        if not bus and not plain and not elsewhere:
            raise InvalidRequest(f"{arn.service} is not a supported service for a target.")
        if not elsewhere and arn.service in _OWN_ONLY and (arn.account, arn.region) != (caller.account, caller.region):
            raise InvalidRequest(f"A target of {arn.service} in another account or region is not supported here.")
        _check_members(target, f"a target of {arn.service}", None if outside else _OWN.get(arn.service))
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        if arn.service == "sqs" and arn.resource.endswith(".fifo") and group is None:
            raise InvalidRequest("SqsParameters with a MessageGroupId must be given for a FIFO queue.")
        if arn.service == "kinesis" and target.get("KinesisParameters") is None:
            raise InvalidRequest("KinesisParameters must be given for a target that is a stream.")
        if bus:
            _check_bus(caller, arn, target)
        return target


def _check_members(target: dict[str, Any], kind: str, own: str | None) -> None:
    """Raises InvalidRequest for parameters that belong to other kinds of targets than ``own``."""
    for name in target.keys() - _COMMON:
        if target[name] is not None and name != own:
            raise InvalidRequest(f"{name} can't be used with {kind}.")


def _check_bus(caller: Caller, arn: Arn, target: dict[str, Any]) -> None:
    """What a bus needs (User Guide, "Using templated targets"). Raises InvalidRequest."""
    if target.get("EventBridgeParameters") is None:
        raise InvalidRequest("EventBridgeParameters must be given for a target that is an event bus.")
    if target["EventBridgeParameters"]["Source"].startswith("$"):
        raise InvalidRequest("A JSON path as the Source of EventBridgeParameters is not supported by this server.")
    try:
        detail = orjson.loads(target.get("Input") or "")
    except ValueError as error:
        raise InvalidRequest("Input must be well-formed JSON for a target that is an event bus.") from error
    if not isinstance(detail, dict):
        raise InvalidRequest("Input must be a JSON object for a target that is an event bus.")
    if len(target["Input"].encode()) > _LARGEST_DETAIL:
        raise InvalidRequest("Input is larger than an event can be.")


def _arn(caller: Caller, params: dict[str, Any]) -> str:
    return schedule_arn(caller.account, caller.region, params.get("GroupName") or DEFAULT_GROUP, params["Name"])


def _millis(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _check_dates(schedule: Schedule, now: int) -> None:
    if schedule.start is not None and schedule.start < now - _LATE:
        raise InvalidRequest("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if schedule.end is not None and schedule.end <= now:
        raise InvalidRequest("The EndDate you specify cannot be in the past.")
    if schedule.end is not None and schedule.start is not None and schedule.end <= schedule.start:
        raise InvalidRequest("The EndDate you specify must come after the StartDate.")


def _order(schedule: Schedule) -> str:
    return f"{schedule.group}/{schedule.name}"


def _summary(schedule: Schedule) -> dict[str, Any]:
    return {
        "Arn": schedule.arn,
        "Name": schedule.name,
        "GroupName": schedule.group,
        "State": schedule.state,
        "CreationDate": schedule.created / 1000,
        "LastModificationDate": schedule.modified / 1000,
    }
