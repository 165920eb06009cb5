"""What makes a pipe an event source mapping of a function: how it is called, and what is told of what is given up.

Sources: Lambda developer guide, "How Lambda processes records from stream and queue-based event sources", "Handling
errors for an SQS event source in Lambda", "Configuring partial batch response with Kinesis Data Streams and Lambda",
"Retain discarded batch records for a Kinesis Data Streams event source in Lambda".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.clock import Clock
from eventyard.errors import EventyardError, InvalidRequest, NotFound, TryAgain
from eventyard.event import new_ids
from eventyard.functions import LATEST, MOST_SYNC, Functions, Invocation, Outcome
from eventyard.names import Arn
from eventyard.pipes import Pipe
from eventyard.queues import Queues
from eventyard.streams import Streams

_BEFORE, _BETWEEN, _AFTER = b'{"Records":[', b",", b"]}"
#: Seconds between two tries to find room.
_ROOM = 0.5
_FAILED = "PROBLEM: Function call failed"


class _Item(msgspec.Struct):
    identifier: str = msgspec.field(name="itemIdentifier")


class _Partial(msgspec.Struct):
    failures: list[_Item] | None = msgspec.field(name="batchItemFailures", default=None)


class MappingCall:
    """Keeps :data:`eventyard.pipes.stages.Call` for a mapping: one event for a batch, or several where it would be more
    than a function takes. ``results``: what became of the last call, by the mapping's ARN."""

    def __init__(self, pipe: Pipe, functions: Functions, clock: Clock, results: dict[str, str]) -> None:
        self._pipe = pipe
        self._functions = functions
        self._clock = clock
        self._results = results
        self._partial = "ReportBatchItemFailures" in (pipe.target_parameters.get("FunctionResponseTypes") or ())
        self._ordered = ":kinesis:" in pipe.source
        self._request_id = ""
        self._error: str | None = None

    async def __call__(self, payloads: Sequence[bytes], keys: Sequence[str]) -> list[str]:
        failed: list[str] = []
        for start, end in _parts(payloads):
            if failed and self._ordered:
                failed += keys[start:end]
                continue
            try:
                failed += await self._one(payloads[start:end], keys[start:end])
            except EventyardError:
                if start == 0:
                    raise
                failed += keys[start:end]
        return failed

    def head(self, condition: str, tries: int) -> Mapping[str, Any]:
        """Keeps :data:`eventyard.pipes.stream_source.Head`."""
        response = {"statusCode": 200, "executedVersion": LATEST, "functionError": self._error}
        return {
            "requestContext": {
                "requestId": self._request_id,
                "functionArn": self._pipe.target,
                "condition": condition,
                "approximateInvokeCount": tries,
            },
            "responseContext": {name: value for name, value in response.items() if value is not None},
        }

    async def _one(self, payloads: Sequence[bytes], keys: Sequence[str]) -> Sequence[str]:
        """The keys of what failed. Raises TryAgain if all did."""
        event = b"".join((_BEFORE, _BETWEEN.join(payloads), _AFTER))
        invocation = Invocation(new_ids(1, self._clock.now())[0], event)
        self._request_id, self._error = invocation.id, None
        try:
            outcome = await self._invoked(invocation)
        except EventyardError as error:
            self._results[self._pipe.arn] = f"PROBLEM: {error.message}"
            raise
        self._error = outcome.error
        if outcome.error is not None:
            self._results[self._pipe.arn] = _FAILED
            why = outcome.payload.decode("utf-8", "replace")[:500]
            raise TryAgain(f"The function failed: {why}", outcome.error)
        self._results[self._pipe.arn] = _FAILED
        failed = failures(outcome.payload, keys, self._ordered) if self._partial else []
        if not failed:
            self._results[self._pipe.arn] = "OK"
        return failed

    async def _invoked(self, invocation: Invocation) -> Outcome:
        """How the function ended. Messages of a queue, which would count as received for nothing, wait for room."""
        end = self._clock.now() + self._functions.get(self._pipe.target).timeout * 1000
        while True:
            try:
                return await self._functions.invoke(self._pipe.target, invocation)
            except TryAgain:
                if self._ordered or self._clock.now() >= end:
                    raise
                await self._clock.sleep(_ROOM)


def failures(answer: bytes, keys: Sequence[str], ordered: bool) -> Sequence[str]:
    """Those of ``keys`` that a batch response names; where they are ``ordered`` also everything behind the first of
    them. Raises TryAgain for an answer that says nothing that can be understood, which is that all failed."""
    try:
        partial = msgspec.json.decode(answer, type=_Partial | None)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TryAgain(f"The function's batch response can't be understood: {error}", "BAD_RESPONSE") from error
    named = {one.identifier for one in (partial.failures if partial is not None else None) or ()}
    if not named <= set(keys):
        raise TryAgain("The function's batch response names what was not in the batch.", "BAD_RESPONSE")
    if ordered and named:
        return keys[min(keys.index(name) for name in named) :]
    return [key for key in keys if key in named]


class MappingSources:
    """What a mapping reads from, as far as it must be looked at before there is one."""

    def __init__(self, queues: Queues, streams: Streams) -> None:
        self._queues = queues
        self._streams = streams

    def check(self, arn: str, timeout: int) -> None:
        """Raises InvalidRequest where nothing is at ``arn``, or nothing that a function with ``timeout`` (seconds) can
        read."""
        place = Arn.parse(arn)
        try:
            if place is not None and place.service == "sqs":
                hidden = self._queues.get(arn).number("VisibilityTimeout")
                if hidden < timeout:
                    raise InvalidRequest(
                        f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {timeout} seconds",
                        "InvalidParameterValueException",
                    )
                return
            stream = self._streams.get(arn.partition("/consumer/")[0])
            if "/consumer/" in arn and all(one.arn != arn for one in stream.consumers):
                raise NotFound(f"Consumer {arn} not found.")
        except NotFound as error:
            raise InvalidRequest(
                f"Cannot access the event source {arn}: {error.message}", "InvalidParameterValueException"
            ) from error


def _parts(payloads: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """From and to of as many as go into one event each; one that is too large alone goes alone."""
    start, size = 0, 0
    for at, payload in enumerate(payloads):
        if at > start and size + len(payload) + len(_BETWEEN) > MOST_SYNC - len(_BEFORE) - len(_AFTER):
            yield start, at
            start, size = at, 0
        size += len(payload) + len(_BETWEEN)
    yield start, len(payloads)
