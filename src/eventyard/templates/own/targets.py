"""Targets of rules, schedules and pipes: from the short form to what each of the three services takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from eventyard.resource import Join, Reference
from eventyard.templates.own.forms import Path
from eventyard.templates.own.names import Names
from eventyard.templates.own.table import TARGETS

Said = Mapping[str, Any]
Made = dict[str, Any]
_SECTIONS = {"queue": "queues", "topic": "topics", "stream": "streams", "function": "functions", "bus": "buses"}
#: The attribute that is the ARN, where it isn't ``Arn``.
_ARNS = {"topic": "TopicArn"}


def arn(names: Names, said: Said, at: Path) -> Any:
    """The ARN of a target that is not a URL."""
    kind = next(name for name in TARGETS if name in said)
    value = said[kind]
    if kind == "log":
        if isinstance(value, str) and value.startswith("arn:"):
            return value
        where = (Reference("AWS::Region", "Ref"), ":", Reference("AWS::AccountId", "Ref"))
        return Join(("arn:aws:logs:", *where, f":log-group:{value}"))
    if kind == "http":
        return names.refer("destinations", value, "Arn", (*at, kind))
    if kind == "bus" and value == "default":
        where = (Reference("AWS::Region", "Ref"), ":", Reference("AWS::AccountId", "Ref"))
        return Join(("arn:aws:events:", *where, ":event-bus/default"))
    if kind in _SECTIONS:
        return names.refer(_SECTIONS[kind], value, _ARNS.get(kind, "Arn"), (*at, kind))
    return value


def of_rule(names: Names, said: Said, at: Path, id: str, target: Any) -> Made:
    """What PutTargets takes."""
    made: Made = {"Id": id, "Arn": target}
    if "input" in said:
        made["Input"] = said["input"]
    if "input_path" in said:
        made["InputPath"] = said["input_path"]
    if transform := said.get("transform"):
        made["InputTransformer"] = {
            name: transform[key]
            for key, name in (("paths", "InputPathsMap"), ("template", "InputTemplate"))
            if key in transform
        }
    if said.keys() & {"role", "stream", "firehose", "http"}:
        made["RoleArn"] = said.get("role", role("rules"))
    if "group" in said:
        made["SqsParameters"] = {"MessageGroupId": said["group"]}
    if "key" in said:
        made["KinesisParameters"] = {"PartitionKeyPath": said["key"]}
    return made | _failing(names, said, at)


def of_schedule(names: Names, said: Said, at: Path, target: Any) -> Made:
    """What CreateSchedule takes as its target."""
    made: Made = {"Arn": target, "RoleArn": said.get("role", role("scheduler"))}
    for name in ("input_path", "transform"):
        if name in said:
            names.find((*at, name), "no-event", f"A schedule has no event to take {name} of; say input.")
    if "input" in said:
        made["Input"] = said["input"]
    if "group" in said:
        made["SqsParameters"] = {"MessageGroupId": said["group"]}
    if "key" in said:
        made["KinesisParameters"] = {"PartitionKey": said["key"]}
    return made | _failing(names, said, at)


def of_pipe(names: Names, said: Said, at: Path) -> Made:
    """The parameters of a pipe's target."""
    made: Made = {}
    for name in ("input_path", "transform", "retries", "max_age", "dead_letters"):
        if name in said:
            names.find((*at, name), "not-in-pipes", f"A pipe knows no {name} of its target; input is its template.")
    if "input" in said:
        made["InputTemplate"] = said["input"]
    if "group" in said:
        made["SqsQueueParameters"] = {"MessageGroupId": said["group"]}
    if "key" in said:
        made["KinesisStreamParameters"] = {"PartitionKey": said["key"]}
    return made


def id_of(said: Said, taken: set[str]) -> str:
    """The id of a rule's target: what is said, or what it is for, with a number if that is taken."""
    if "id" in said:
        return str(said["id"])
    kind = next(name for name in TARGETS if name in said)
    value = said[kind]
    word = value.rpartition(":")[2].rpartition("/")[2] if isinstance(value, str) else kind
    clean = "".join(each if each.isalnum() or each in "-_." else "-" for each in f"{kind}-{word}")
    if len(clean) > 60:
        clean = f"{clean[:51]}-{hashlib.sha256(clean.encode()).hexdigest()[:8]}"
    found, number = clean, 2
    while found in taken:
        found, number = f"{clean}-{number}", number + 1
    return found


def role(service: str) -> Join:
    """The role where a service wants one and none is said: Eventyard keeps no roles and asks for none."""
    return Join(("arn:aws:iam::", Reference("AWS::AccountId", "Ref"), f":role/eventyard-{service}"))


def _failing(names: Names, said: Said, at: Path) -> Made:
    made: Made = {}
    policy = {
        name: said[key]
        for key, name in (("retries", "MaximumRetryAttempts"), ("max_age", "MaximumEventAgeInSeconds"))
        if key in said
    }
    if policy:
        made["RetryPolicy"] = policy
    if "dead_letters" in said:
        queue = names.refer("queues", said["dead_letters"], "Arn", (*at, "dead_letters"))
        made["DeadLetterConfig"] = {"Arn": queue}
    return made
