"""Which stream or consumer a request means, and whether the caller may do what it asks. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventyard.errors import Forbidden, InvalidRequest, NotFound, Unsupported
from eventyard.policy import Request, of_caller, parse_policy
from eventyard.streams import Consumer, Queue, Queues, Stream, Streams, stream_arn
from eventyard.wire import Caller

BAD = "InvalidArgumentException"
CONSUMER, QUEUE, CHANNEL = "/consumer/", ":queue/", ":channel/"


class Addresses:
    """Finds what requests name. Every ``find`` also decides whether the caller may do ``action``.

    An account may do everything with its own streams unless their policy denies it; with those of others only what
    their policy allows."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def stream(self, caller: Caller, params: dict[str, Any], action: str) -> Stream:
        """The stream that StreamName or StreamARN names. Raises NotFound, InvalidRequest, Forbidden."""
        refuse_reserved(params)
        arn, name = params.get("StreamARN"), params.get("StreamName")
        if arn is None and name is None:
            raise InvalidRequest("Either StreamName or StreamARN must be provided.", BAD)
        if arn is not None and name is not None and arn.partition(":stream/")[2] != name:
            raise InvalidRequest(f"StreamName {name} and StreamARN {arn} do not name the same stream.", BAD)
        return self.by_arn(caller, arn or stream_arn(caller.account, caller.region, name or ""), action)

    def by_arn(self, caller: Caller, arn: str, action: str) -> Stream:
        """The stream with ``arn``. Raises NotFound, Forbidden."""
        return self._find(caller, arn, action, self._streams.get)

    def consumer(self, caller: Caller, params: dict[str, Any], action: str) -> tuple[Stream, Consumer]:
        """What ConsumerARN, or StreamARN with ConsumerName, names. Raises NotFound, InvalidRequest, Forbidden."""
        refuse_reserved(params)
        arn, stream, name = params.get("ConsumerARN"), params.get("StreamARN"), params.get("ConsumerName")
        if arn is not None:
            return self.consumer_by_arn(caller, arn, action)
        if stream is None or name is None:
            raise InvalidRequest("Either ConsumerARN, or both StreamARN and ConsumerName must be provided.", BAD)
        owner = self.by_arn(caller, stream, action)
        return owner, _consumer(owner, lambda one: one.name == name, name)

    def consumer_by_arn(self, caller: Caller, arn: str, action: str) -> tuple[Stream, Consumer]:
        """The consumer with ``arn``, and its stream. Raises NotFound, Forbidden."""
        found: list[Consumer] = []

        def get(stream_arn: str) -> Stream:
            stream = self._streams.get(stream_arn.partition(CONSUMER)[0])
            found.append(_consumer(stream, lambda one: one.arn == arn, arn))
            return stream

        return self._find(caller, arn, action, get), found[0]

    def _find(self, caller: Caller, arn: str, action: str, get: Callable[[str], Stream]) -> Stream:
        own = arn.split(":")[4] == caller.account
        try:
            stream = get(arn)
        except NotFound:
            # Whether a resource of somebody else exists is not told to those who may not use it.
            if not own:
                raise _forbidden(caller, arn, action) from None
            raise
        policy = stream.policy
        if CONSUMER in arn:
            policy = next(one.policy for one in stream.consumers if one.arn == arn)
        check_allowed(caller, arn, action, policy)
        return stream


class QueueAddresses:
    """The same for queues on streams."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def queue(self, caller: Caller, arn: str, action: str) -> tuple[Stream, Queue]:
        """The queue with ``arn``, and its stream. Raises NotFound, Forbidden."""
        try:
            found = self._queues.get(arn)
        except NotFound:
            if arn.split(":")[4] != caller.account:
                raise _forbidden(caller, arn, action) from None
            raise
        check_allowed(caller, arn, action, found[1].policy)
        return found


def check_allowed(caller: Caller, arn: str, action: str, policy: str | None) -> None:
    """Raises Forbidden for who may not do ``action`` with the resource ``arn``, which has this policy."""
    decided = None
    if policy is not None:
        keys = of_caller(caller.account, caller.region, arn)
        decided = parse_policy(policy).decide(Request((caller.account,), f"kinesis:{action}", arn, keys))
    own = arn.split(":")[4] == caller.account
    if not own if decided is None else not decided.allows:
        raise _forbidden(caller, arn, action)


def refuse_reserved(params: dict[str, Any]) -> None:
    """Raises Unsupported for parameters that this server does not do."""
    if params.get("StreamId") is not None:
        raise Unsupported("Parameter StreamId is not supported by this server: name the stream.")


def end_dry_run(params: dict[str, Any]) -> None:
    """Raises InvalidRequest, as AWS does, for a request that only asks whether it would succeed; call when it would
    (developer guide, "Test your permissions and request inputs with dry run")."""
    if params.get("DryRun"):
        raise InvalidRequest("The request would have succeeded, but DryRun was specified.", "DryRunOperationException")


def _consumer(stream: Stream, is_it: Callable[[Consumer], bool], what: str) -> Consumer:
    for one in stream.consumers:
        if is_it(one):
            return one
    raise NotFound(f"Consumer {what} of stream {stream.name} under account {stream.account} not found.")


def _forbidden(caller: Caller, arn: str, action: str) -> Forbidden:
    return Forbidden(
        f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: kinesis:{action} on resource: {arn} "
        "because no resource-based policy allows the kinesis:" + action + " action"
    )
