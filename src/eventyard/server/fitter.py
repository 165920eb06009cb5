"""What pipes are made of: the one place that puts their sources, enrichments and targets together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.clock import Clock
from eventyard.functions import Functions
from eventyard.functions.records import Letter, Tell
from eventyard.names import Arn
from eventyard.pipes import DynamicTarget, Pipe, Stages, paths_of
from eventyard.pipes.pipes import Places, Source
from eventyard.pipes.queue_source import QueueSource
from eventyard.pipes.stages import Call, Enrich, items_of
from eventyard.pipes.stream_source import Bury, Head, StreamSource
from eventyard.queues import Queues
from eventyard.server.asking import ask
from eventyard.server.mappings import MappingCall
from eventyard.server.sources import QueueAsSource, StreamAsSource
from eventyard.streams import Reading, Streams
from eventyard.target import Target
from eventyard.targets.http import Courier
from eventyard.targets.http.enrichment import HttpEnrichment

MakeTarget = Callable[[str, Mapping[str, Any]], Target]


class Fitter:
    """Makes the sources that run pipes. ``target``: the target for an ARN and a rule's parameters; ``put``: the one
    that makes events of a bus."""

    def __init__(
        self,
        queues: Queues,
        streams: Streams,
        reading: Reading,
        functions: Functions,
        courier: Courier,
        target: MakeTarget,
        put: MakeTarget,
        tell: Tell,
        clock: Clock,
    ) -> None:
        self._tell = tell
        #: What became of the last call of each event source mapping, by its ARN.
        self.results: dict[str, str] = {}
        self._queues = queues
        self._streams = streams
        self._reading = reading
        self._functions = functions
        self._courier = courier
        self._target = target
        self._put = put
        self._clock = clock

    def source(self, pipe: Pipe, places: Places) -> Source:
        """What runs ``pipe``. Raises InvalidRequest for one that can't be."""
        if pipe.mapping:
            mapped = MappingCall(pipe, self._functions, self._clock, self.results)
            return self._source(pipe, places, Stages(pipe, self._clock, None, None, mapped), mapped.head)
        call, target = self._call(pipe), None
        if call is None:
            target = self._target_of(pipe)
        stages = Stages(pipe, self._clock, self._enrich(pipe), target, call)
        return self._source(pipe, places, stages, None)

    def _source(self, pipe: Pipe, places: Places, stages: Stages, head: Head | None) -> Source:
        arn = Arn.parse(pipe.source)
        if arn is not None and arn.service == "sqs":
            return QueueSource(pipe, QueueAsSource(self._queues, pipe.source, pipe.region), stages, self._clock)
        role = pipe.role if pipe.mapping else None
        name = pipe.source.partition("/consumer/")[0]
        stream = StreamAsSource(self._streams, self._reading, self._clock, name, pipe.region, role)
        return StreamSource(pipe, stream, places, stages, self._bury(pipe.target), self._clock, head)

    def _enrich(self, pipe: Pipe) -> Enrich | None:
        if pipe.enrichment is None:
            return None
        if ":api-destination/" in pipe.enrichment:
            parameters = pipe.enrichment_parameters.get("HttpParameters") or {}
            return HttpEnrichment(self._courier, pipe.enrichment, parameters)
        function = pipe.enrichment

        async def enrich(payloads: Sequence[bytes]) -> list[bytes]:
            return items_of(await self._ask(function, payloads))

        return enrich

    def _call(self, pipe: Pipe) -> Call | None:
        """For a function that is waited for, which is how pipes call functions unless told otherwise."""
        settings = pipe.target_parameters.get("LambdaFunctionParameters") or {}
        if ":lambda:" not in pipe.target or settings.get("InvocationType") == "FIRE_AND_FORGET":
            return None

        async def call(payloads: Sequence[bytes], keys: Sequence[str]) -> list[str]:
            answer = await self._ask(pipe.target, payloads)
            try:
                failures = msgspec.json.decode(answer, type=_Partial).failures
            except msgspec.DecodeError:
                return []  # a function may answer anything; only this form says something
            return [one.identifier for one in failures]

        return call

    def _target_of(self, pipe: Pipe) -> Target:
        given = pipe.target_parameters
        if ":event-bus/" in pipe.target:
            event = given.get("EventBridgeEventBusParameters") or {}
            usual = {"Source": f"Pipe {pipe.name}", "DetailType": f"Event from {_spelled(pipe.source)}"}
            return _dynamic(
                lambda parameters: self._put(pipe.target, {"EventBridgeParameters": parameters}), usual | event
            )
        if ":sqs:" in pipe.target:
            return _dynamic(
                lambda parameters: self._target(pipe.target, {"SqsParameters": parameters}),
                given.get("SqsQueueParameters") or {},
            )
        if ":logs:" in pipe.target:
            return _dynamic(
                lambda parameters: self._target(pipe.target, {"CloudWatchLogsParameters": parameters}),
                given.get("CloudWatchLogsParameters") or {},
            )
        key = (given.get("KinesisStreamParameters") or {}).get("PartitionKey")
        return self._target(
            pipe.target,
            {
                "KinesisParameters": {"PartitionKeyPath" if key.startswith("$") else "PartitionKey": key}
                if key
                else {},
                "HttpParameters": given.get("HttpParameters") or {},
            },
        )

    async def _ask(self, function: str, payloads: Sequence[bytes]) -> bytes:
        """What the function answers to the whole batch. Raises TryAgain where it failed."""
        batch = b"[" + b",".join(payloads) + b"]"
        return await ask(self._functions, self._clock, function, batch)

    def _bury(self, function: str) -> Bury:
        async def bury(arn: str, letter: bytes) -> None:
            await self._tell(arn, Letter(function, letter))

        return bury


class _Item(msgspec.Struct):
    identifier: str = msgspec.field(name="itemIdentifier")


class _Partial(msgspec.Struct):
    """Lambda developer guide, "Reporting batch item failures"."""

    failures: list[_Item] = msgspec.field(name="batchItemFailures")


def _dynamic(make: Callable[[Mapping[str, Any]], Target], parameters: Mapping[str, Any]) -> Target:
    return DynamicTarget(make, parameters) if paths_of(parameters) else make(parameters)


def _spelled(source: str) -> str:
    arn = Arn.parse(source)
    return "" if arn is None else f"aws:{arn.service}"
