"""Event source mappings: create, get, list, change, delete. Each is a pipe whose target is a function.

Sources: API reference of Lambda, "CreateEventSourceMapping"; developer guide, "Lambda parameters for Amazon SQS event
source mappings", "... for Amazon Kinesis Data Streams event source mappings".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.api.functions.address import arn_of
from eventyard.api.functions.checks import INVALID, destination_of
from eventyard.api.functions.tags import check_tags
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, NotFound, Unsupported
from eventyard.functions import Functions
from eventyard.names import Arn
from eventyard.pattern import parse
from eventyard.pipes import RUNNING, STOPPED, Pipe, Pipes, mapping_arn
from eventyard.wire import Caller, Handler

CheckSource = Callable[[str, int], None]
"""``check(arn, timeout)`` raises InvalidRequest where a function with that timeout can't read from ``arn``."""

_MOST_FILTERS = 10
_QUEUE, _STREAM = "SqsQueueParameters", "KinesisStreamParameters"
#: What only streams have, with the name that it has in a pipe.
_OF_STREAMS = {
    "ParallelizationFactor": "ParallelizationFactor",
    "StartingPosition": "StartingPosition",
    "StartingPositionTimestamp": "StartingPositionTimestamp",
    "MaximumRecordAgeInSeconds": "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts": "MaximumRetryAttempts",
    "BisectBatchOnFunctionError": "OnPartialBatchItemFailure",
}
_REFUSED = (
    "Topics", "Queues", "SourceAccessConfigurations", "SelfManagedEventSource", "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedKafkaEventSourceConfig", "DocumentDBEventSourceConfig", "ProvisionedPollerConfig", "KMSKeyArn",
    "TumblingWindowInSeconds", "LoggingConfig", "MetricsConfig",
)  # fmt: skip


class Mappings:
    """The operations. ``result``: what became of a mapping's last call."""

    def __init__(
        self,
        functions: Functions,
        pipes: Pipes,
        clock: Clock,
        check_source: CheckSource,
        result: Callable[[str], str | None],
    ) -> None:
        self._functions = functions
        self._pipes = pipes
        self._clock = clock
        self._check_source = check_source
        self._result = result

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateEventSourceMapping": self.create,
            "DeleteEventSourceMapping": self.delete,
            "GetEventSourceMapping": self.get,
            "ListEventSourceMappings": self.list,
            "UpdateEventSourceMapping": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse(params)
        source = params.get("EventSourceArn") or ""
        kind = _kind(source, caller)
        function = self._functions.get(arn_of(caller, params))
        for other in self._pipes.find(caller.account, caller.region, mappings=True):
            if (other.source, other.target) == (source, function.arn):
                raise Conflict(
                    f'An event source mapping with event source arn (" {source} ") and function (" {function.name} ") '
                    f"already exists. Please update or delete the existing mapping with UUID {_id(other)}",
                    "ResourceConflictException",
                )
        now, id = self._clock.now(), str(uuid.uuid4())
        pipe = Pipe(
            arn=mapping_arn(caller.account, caller.region, id),
            account=caller.account,
            region=caller.region,
            name=id,
            source=source,
            target=function.arn,
            role=function.role,
            desired=STOPPED if params.get("Enabled") is False else RUNNING,
            created=now,
            modified=now,
            born=uuid.uuid4().hex,
            source_parameters={kind: {}},
            tags=check_tags(dict(params.get("Tags") or {})),
        )
        pipe = _configured(pipe, kind, params)
        if kind == _STREAM:
            _check_start(pipe.source_settings(kind))
        self._check_source(source, function.timeout)
        await self._pipes.create(pipe)
        return self._described(pipe, "Creating")

    async def get(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return self._described(self._find(caller, params))

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._pipes.find(caller.account, caller.region, mappings=True)
        if params.get("FunctionName"):
            function = arn_of(caller, params)
            found = [pipe for pipe in found if pipe.target == function]
        if params.get("EventSourceArn"):
            found = [pipe for pipe in found if pipe.source == params["EventSourceArn"]]
        asked = {"NextToken": params.get("Marker"), "Limit": params.get("MaxItems")}
        shown, token = page(found, lambda pipe: pipe.arn, asked, f"mappings {caller.account} {caller.region}")
        return given(EventSourceMappings=[self._described(pipe) for pipe in shown], NextMarker=token)

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse(params)
        before = self._find(caller, params)
        kind = _STREAM if _STREAM in before.source_parameters else _QUEUE
        target = before.target
        if params.get("FunctionName"):
            function = self._functions.get(arn_of(caller, params))
            self._check_source(before.source, function.timeout)
            target = function.arn
        desired = {None: before.desired, True: RUNNING, False: STOPPED}[params.get("Enabled")]

        def edit(pipe: Pipe) -> Pipe:
            changed = msgspec.structs.replace(pipe, target=target, desired=desired, modified=self._clock.now())
            return _configured(changed, kind, params)

        after = await self._pipes.change(before.arn, edit)
        moving = "Updating" if after.desired == before.desired else "Enabling"
        return self._described(after, "Disabling" if moving == "Enabling" and desired == STOPPED else moving)

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return self._described(await self._pipes.delete(self._find(caller, params).arn), "Deleting")

    def _find(self, caller: Caller, params: Mapping[str, Any]) -> Pipe:
        arn = mapping_arn(caller.account, caller.region, params["UUID"])
        for pipe in self._pipes.find(caller.account, caller.region, mappings=True):
            if pipe.arn == arn:
                return pipe
        raise NotFound("The resource you requested does not exist.", "ResourceNotFoundException")

    def _described(self, pipe: Pipe, state: str | None = None) -> dict[str, Any]:
        """A mapping as Lambda describes it. ``state``: what it is on the way to."""
        stream = _STREAM in pipe.source_parameters
        settings = pipe.source_settings(_STREAM if stream else _QUEUE)
        reason = self._pipes.reason(pipe.arn)
        result = f"PROBLEM: {reason}" if reason else self._result(pipe.arn) or "No records processed"
        shown = given(
            UUID=_id(pipe),
            EventSourceMappingArn=pipe.arn,
            EventSourceArn=pipe.source,
            FunctionArn=pipe.target,
            BatchSize=settings.get("BatchSize") or (100 if stream else 10),
            MaximumBatchingWindowInSeconds=settings.get("MaximumBatchingWindowInSeconds") or 0,
            FilterCriteria=pipe.source_parameters.get("FilterCriteria"),
            FunctionResponseTypes=list(pipe.target_parameters.get("FunctionResponseTypes") or ()) or None,
            LastModified=pipe.modified / 1000,
            LastProcessingResult=result if stream else None,
            State=state or ("Enabled" if pipe.current == RUNNING else "Disabled"),
            StateTransitionReason=pipe.reason or ("User action" if stream else "USER_INITIATED"),
            ScalingConfig=given(MaximumConcurrency=settings.get("MaximumConcurrency")) or None,
        )
        if not stream:
            return shown
        dead = (settings.get("DeadLetterConfig") or {}).get("Arn")
        return shown | given(
            StartingPosition=settings.get("StartingPosition"),
            StartingPositionTimestamp=settings.get("StartingPositionTimestamp"),
            ParallelizationFactor=settings.get("ParallelizationFactor") or 1,
            MaximumRecordAgeInSeconds=settings.get("MaximumRecordAgeInSeconds") or -1,
            MaximumRetryAttempts=settings.get("MaximumRetryAttempts", -1),
            BisectBatchOnFunctionError=settings.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT",
            TumblingWindowInSeconds=0,
            DestinationConfig={"OnFailure": given(Destination=dead)},
        )


def _configured(pipe: Pipe, kind: str, params: Mapping[str, Any]) -> Pipe:
    """``pipe`` with what ``params`` give. Raises InvalidRequest for what does not fit the source."""
    settings: dict[str, Any] = dict(pipe.source_settings(kind))
    for member in ("BatchSize", "MaximumBatchingWindowInSeconds"):
        if params.get(member) is not None:
            settings[member] = params[member]
    for member, name in _OF_STREAMS.items():
        value = params.get(member)
        if value is None:
            continue
        if kind == _QUEUE:
            raise InvalidRequest(f"Unsupported parameter for an SQS event source mapping: {member}.", INVALID)
        if member == "BisectBatchOnFunctionError":
            value = "AUTOMATIC_BISECT" if value else None
        settings[name] = value.timestamp() if isinstance(value, datetime) else value
    _destinations(settings, kind, params, pipe)
    if params.get("ScalingConfig") is not None:
        most = params["ScalingConfig"].get("MaximumConcurrency")
        if kind == _STREAM and most is not None:
            raise InvalidRequest("Unsupported parameter for a Kinesis event source mapping: ScalingConfig.", INVALID)
        settings["MaximumConcurrency"] = most
    source = {**pipe.source_parameters, kind: {key: value for key, value in settings.items() if value is not None}}
    target = dict(pipe.target_parameters)
    if params.get("FilterCriteria") is not None:
        source["FilterCriteria"] = _filters(params["FilterCriteria"])
    if params.get("FunctionResponseTypes") is not None:
        target["FunctionResponseTypes"] = list(params["FunctionResponseTypes"])
    if not source.get("FilterCriteria"):
        source.pop("FilterCriteria", None)
    _check_batch(kind, pipe, settings)
    return msgspec.structs.replace(pipe, source_parameters=source, target_parameters=target)


def _destinations(settings: dict[str, Any], kind: str, params: Mapping[str, Any], pipe: Pipe) -> None:
    wanted = params.get("DestinationConfig")
    if wanted is None:
        return
    if (wanted.get("OnSuccess") or {}).get("Destination"):
        raise InvalidRequest("An event source mapping has no OnSuccess destination.", INVALID)
    arn = destination_of((wanted.get("OnFailure") or {}).get("Destination"), Arn.parse(pipe.arn))
    if arn is not None and kind == _QUEUE:
        raise InvalidRequest("Unsupported parameter for an SQS event source mapping: DestinationConfig.", INVALID)
    if arn is not None and arn.split(":")[2] not in ("sqs", "sns"):
        raise Unsupported(f"The destination {arn} is not supported: it can be a queue or a topic.", INVALID)
    settings["DeadLetterConfig"] = None if arn is None else {"Arn": arn}


def _check_batch(kind: str, pipe: Pipe, settings: Mapping[str, Any]) -> None:
    size, window = settings.get("BatchSize") or 1, settings.get("MaximumBatchingWindowInSeconds") or 0
    fifo = kind == _QUEUE and pipe.source.endswith(".fifo")
    if fifo and window:
        raise InvalidRequest("Batching window is not supported for FIFO queues.", INVALID)
    if fifo and size > 10:
        raise InvalidRequest("BatchSize of a FIFO queue must not be more than 10.", INVALID)
    if kind == _QUEUE and size > 10 and not window:
        raise InvalidRequest(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10", INVALID
        )
    age = settings.get("MaximumRecordAgeInSeconds")
    if age is not None and age != -1 and age < 60:
        raise InvalidRequest("MaximumRecordAgeInSeconds must be -1, or from 60 to 604800.", INVALID)


def _check_start(settings: Mapping[str, Any]) -> None:
    position = settings.get("StartingPosition")
    if position is None:
        raise InvalidRequest("1 validation error detected: Value null at 'startingPosition' failed to satisfy "
                             "constraint: Member must not be null.", INVALID)  # fmt: skip
    if (position == "AT_TIMESTAMP") != (settings.get("StartingPositionTimestamp") is not None):
        raise InvalidRequest(
            "StartingPositionTimestamp must be given with the StartingPosition AT_TIMESTAMP, and only then.", INVALID
        )


def _filters(criteria: Mapping[str, Any]) -> dict[str, Any]:
    """The filters as they are kept; nothing without any. Raises InvalidRequest."""
    filters = [{"Pattern": one["Pattern"]} for one in criteria.get("Filters") or [] if one.get("Pattern")]
    if len(filters) > _MOST_FILTERS:
        raise InvalidRequest(f"An event source mapping can't have more than {_MOST_FILTERS} filters.", INVALID)
    for one in filters:
        try:
            parse(one["Pattern"])
        except InvalidRequest as error:
            raise InvalidRequest(f"Invalid filter pattern definition. ({error.message})", INVALID) from error
    return {"Filters": filters} if filters else {}


def _kind(source: str, caller: Caller) -> str:
    """Which parameters of a pipe the source has. Raises Unsupported for one that this server can't read."""
    arn = Arn.parse(source)
    if arn is None or arn.service not in ("sqs", "kinesis"):
        raise Unsupported(
            f"Event source {source or '(none)'} is not supported by this server: it can be an SQS queue, a Kinesis "
            "stream or a consumer of one.",
            INVALID,
        )
    if (arn.account, arn.region) != (caller.account, caller.region):
        raise Unsupported(
            f"Event source {source} must be in the account and region of the function on this server.", INVALID
        )
    return _QUEUE if arn.service == "sqs" else _STREAM


def _refuse(params: Mapping[str, Any]) -> None:
    for member in _REFUSED:
        value = params.get(member)
        if value and any(value.values() if isinstance(value, Mapping) else [value]):
            raise Unsupported(f"Parameter {member} is not supported by this server.", INVALID)


def _id(pipe: Pipe) -> str:
    return pipe.arn.rpartition(":")[2]
