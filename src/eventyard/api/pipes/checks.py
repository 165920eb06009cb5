"""What a pipe can be made of here. Everything else is refused by name.

Sources: user guide, "Amazon EventBridge Pipes sources", "... targets", "... enrichment"; API reference, "CreatePipe".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.pattern import parse
from eventyard.pipes import Pipe, paths_of

_SOURCES = {"sqs": "SqsQueueParameters", "kinesis": "KinesisStreamParameters"}
#: What a source has that was given nothing else, as DescribePipe shows it.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "sqs": {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0},
    "kinesis": {
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
    },
}
_MOST_FILTERS = 5
#: By the service of the target, the parameters that go with it.
_TARGETS = {
    "sqs": "SqsQueueParameters",
    "kinesis": "KinesisStreamParameters",
    "events/event-bus": "EventBridgeEventBusParameters",
    "events/api-destination": "HttpParameters",
    "events/target": None,
    "lambda": "LambdaFunctionParameters",
    "sns": None,
    "firehose": None,
    "states": "StepFunctionStateMachineParameters",
    "logs": "CloudWatchLogsParameters",
}


def check(pipe: Pipe, supported: Callable[[str], bool], elsewhere: Callable[[str, str], bool]) -> None:
    """Raises InvalidRequest."""
    kind = _kind(pipe.source)
    _own("Source", pipe.source, pipe)
    if kind not in _SOURCES:
        raise _invalid(
            f"Source {pipe.source} is not supported by this server: it can be an SQS queue or a Kinesis stream."
        )
    _only("SourceParameters", pipe.source_parameters, {_SOURCES[kind], "FilterCriteria"})
    settings = pipe.source_settings(_SOURCES[kind])
    if kind == "kinesis":
        _check_stream(settings)
    elif pipe.source.endswith(".fifo") and (settings.get("BatchSize") or 1) > 10:
        raise _invalid("BatchSize of a FIFO queue must not be more than 10.")
    elif (settings.get("BatchSize") or 1) > 10 and not settings.get("MaximumBatchingWindowInSeconds"):
        raise _invalid("MaximumBatchingWindowInSeconds must be at least 1 if BatchSize is more than 10.")
    filters = (pipe.source_parameters.get("FilterCriteria") or {}).get("Filters") or []
    if len(filters) > _MOST_FILTERS:
        raise _invalid(f"A pipe can't have more than {_MOST_FILTERS} filters.")
    for one in filters:
        if one.get("Pattern"):
            try:
                parse(one["Pattern"])
            except InvalidRequest as error:
                raise _invalid(error.message) from error
    if pipe.enrichment is not None:
        _own("Enrichment", pipe.enrichment, pipe)
        if _kind(pipe.enrichment) not in ("events/api-destination", "lambda"):
            raise _invalid(
                f"Enrichment {pipe.enrichment} is not supported by this server: only functions and API destinations."
            )
    target = _kind(pipe.target)
    away = elsewhere(pipe.account, pipe.target)
    if not away:
        _own("Target", pipe.target, pipe)
    if (
        target not in _TARGETS
        or not (away or supported(pipe.target))
        or (target == "sns" and pipe.target.endswith(".fifo"))
    ):
        raise _invalid(f"Target {pipe.target} is not supported by this server.")
    wanted = _TARGETS[target]
    _only("TargetParameters", pipe.target_parameters, {"InputTemplate"} | ({wanted} if wanted else set()))
    given = pipe.target_parameters.get(wanted or "") or {}
    _check_target(target, pipe, given)
    if away:
        _check_away(target, given)


def shown_source(pipe: Pipe) -> dict[str, Any]:
    """The parameters of the source with those that it has anyway."""
    kind = _kind(pipe.source)
    name = _SOURCES.get(kind)
    if name is None:
        return dict(pipe.source_parameters)
    return {**pipe.source_parameters, name: _DEFAULTS[kind] | dict(pipe.source_settings(name))}


def _check_stream(settings: Mapping[str, Any]) -> None:
    if settings.get("StartingPosition") is None:
        raise _invalid("KinesisStreamParameters with a StartingPosition must be given for a Kinesis stream.")
    if (settings["StartingPosition"] == "AT_TIMESTAMP") != (settings.get("StartingPositionTimestamp") is not None):
        raise _invalid("StartingPositionTimestamp must be given with the StartingPosition AT_TIMESTAMP, and only then.")
    dead = (settings.get("DeadLetterConfig") or {}).get("Arn")
    if dead is not None and _kind(dead) != "sqs":
        raise _invalid("The dead-letter target of a pipe must be an SQS queue on this server.")


def _check_target(kind: str, pipe: Pipe, settings: Mapping[str, Any]) -> None:
    if kind == "sqs" and pipe.target.endswith(".fifo") and not settings.get("MessageGroupId"):
        raise _invalid("SqsQueueParameters with a MessageGroupId must be given for a FIFO queue.")
    if kind == "kinesis" and not settings.get("PartitionKey"):
        raise _invalid("KinesisStreamParameters with a PartitionKey must be given for a Kinesis stream.")
    if kind == "sqs" and settings.get("MessageDeduplicationId") and not pipe.target.endswith(".fifo"):
        raise _invalid("A MessageDeduplicationId can be given for a FIFO queue only.")
    if settings.get("EndpointId"):
        raise _invalid("Parameter EndpointId of a pipe's target is not supported by this server.")
    try:
        paths_of(settings)
    except InvalidRequest as error:
        raise _invalid(error.message) from error
    if str(settings.get("Source") or "").startswith("aws."):
        raise _invalid("The Source of a pipe's events must not begin with aws.")


def _check_away(kind: str, settings: Mapping[str, Any]) -> None:
    """What can't be had of a target in an account that is elsewhere."""
    if kind in ("lambda", "states") and settings.get("InvocationType") != "FIRE_AND_FORGET":
        raise _invalid("InvocationType of a target in an account that is elsewhere must be FIRE_AND_FORGET.")
    if kind == "logs" and any(value is not None for value in settings.values()):
        raise _invalid("CloudWatchLogsParameters are not supported by this server.")


def _own(member: str, text: str, pipe: Pipe) -> None:
    arn = Arn.parse(text)
    if arn is None:
        raise _invalid(f"{member} {text} is not an ARN.")
    if (arn.account, arn.region) != (pipe.account, pipe.region):
        raise _invalid(f"{member} {text} must be in the account and region of the pipe on this server.")


def _only(member: str, given: Mapping[str, Any], allowed: set[str]) -> None:
    for name, value in given.items():
        if value is not None and name not in allowed:
            raise _invalid(f"{member}.{name} does not fit, or is not supported by this server.")


def _kind(text: str) -> str:
    arn = Arn.parse(text)
    if arn is None:
        return ""
    return f"events/{arn.resource.partition('/')[0]}" if arn.service == "events" else arn.service


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest(message, "ValidationException")
