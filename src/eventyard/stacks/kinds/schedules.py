"""The types of Scheduler and of Pipes."""

from __future__ import annotations

from eventyard.stacks.kind import Kind

KINDS = (
    Kind(
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
