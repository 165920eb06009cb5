"""The types of Scheduler and of Pipes."""

from __future__ import annotations

from typing import Any

from eventyard.stacks.kind import Kind, Properties

#: What a target has that says nothing of trying again (Scheduler API reference, RetryPolicy).
_RETRIES = {"MaximumEventAgeInSeconds": "86400", "MaximumRetryAttempts": "185"}


class _Schedule(Kind):
    def normal(self, properties: Properties) -> dict[str, Any]:
        """What the service says of trying again where nobody did is no difference."""
        found = super().normal(properties)
        target = found.get("Target")
        if isinstance(target, dict) and isinstance(retries := target.get("RetryPolicy"), dict):
            own = {name: value for name, value in retries.items() if _RETRIES.get(name) != value}
            found["Target"] = {**target, "RetryPolicy": own}
        return found


KINDS = (
    _Schedule(
        "AWS::Scheduler::Schedule",
        "scheduler",
        create="CreateSchedule",
        read="GetSchedule",
        change="UpdateSchedule",
        delete="DeleteSchedule",
        key=("Name", "GroupName"),
        attributes={"Ref": "Name", "Arn": "Arn"},
        name="Name",
        whole=True,
        defaults={"GroupName": "default"},
        said={"State": "ENABLED"},
        resets={"ScheduleExpressionTimezone": "UTC", "ActionAfterCompletion": "NONE"},
        entire=(
            *("Description", "StartDate", "EndDate", "ScheduleExpressionTimezone", "ActionAfterCompletion"),
            "KmsKeyArn",
        ),
    ),
    Kind(
        "AWS::Scheduler::ScheduleGroup",
        "scheduler",
        create="CreateScheduleGroup",
        read="GetScheduleGroup",
        delete="DeleteScheduleGroup",
        key=("Name",),
        attributes={"Ref": "Name", "Arn": "Arn", "State": "State"},
        name="Name",
    ),
    Kind(
        "AWS::Pipes::Pipe",
        "pipes",
        create="CreatePipe",
        read="DescribePipe",
        change="UpdatePipe",
        delete="DeletePipe",
        key=("Name",),
        attributes={"Ref": "Name", "Arn": "Arn", "CurrentState": "CurrentState"},
        name="Name",
        replace=("Source",),
        status="CurrentState",
        said={"DesiredState": "RUNNING"},
        resets={
            "Description": "",
            "DesiredState": "RUNNING",
            "Enrichment": "",
            "KmsKeyIdentifier": "",
            "TargetParameters": {},
            "EnrichmentParameters": {},
        },
    ),
)
