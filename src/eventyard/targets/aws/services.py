"""How deliveries reach each of AWS's services: which operation, how many at a time, and what its answer says of each.

Sources: API references of the operations named below.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.event import published_at
from eventyard.names import Arn
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry
from eventyard.targets.aws.calling import Caller
from eventyard.targets.aws.meaning import meaning
from eventyard.targets.session import Away, Refused, copy_id
from eventyard.transform.path import parse_path, select

Send = Callable[[Caller, Arn, Mapping[str, Any], Sequence[Delivery]], Awaitable[Sequence[Outcome]]]
"""Delivers some, and answers for each. Raises Refused or Away for all of them."""


class Service(msgspec.Struct, frozen=True):
    """``resource``: what the ARN's last part begins with. ``most`` and ``size`` (bytes of payloads): in one call.
    ``loads``: the name of botocore's model."""

    resource: str
    most: int
    size: int
    send: Send


def outcome_of(error: Refused | Away) -> Outcome:
    if isinstance(error, Refused):
        return Permanent(error.code, str(error))
    return Retry(error.code, str(error), error.after)


def _entry(code: str | None, message: str | None) -> Outcome:
    """What is said of one entry of a batch."""
    return DELIVERED if not code else outcome_of(meaning(0, code, message or ""))


async def _queue(caller: Caller, arn: Arn, parameters: Mapping[str, Any], items: Sequence[Delivery]) -> list[Outcome]:
    """SendMessageBatch. ``parameters`` of a dead letter have ``Attributes``, by name."""
    own = parameters.get("SqsParameters") or {}
    url = caller.url(await caller.model("sqs"), arn.region)
    fifo = arn.resource.endswith(".fifo")
    typed = {name: _string(value) for name, value in (parameters.get("Attributes") or {}).items()}
    entries = [
        {
            "Id": str(at),
            "MessageBody": item.payload.decode(),
            **({"MessageGroupId": own["MessageGroupId"]} if own.get("MessageGroupId") else {}),
            **({"MessageDeduplicationId": own.get("MessageDeduplicationId") or copy_id(item)} if fifo else {}),
            **({"MessageSystemAttributes": {"AWSTraceHeader": _string(item.trace)}} if item.trace else {}),
            **({"MessageAttributes": typed} if typed else {}),
        }
        for at, item in enumerate(items)
    ]
    params = {"QueueUrl": f"{url}/{arn.account}/{arn.resource}", "Entries": entries}
    return _by_id(await caller.call("sqs", "SendMessageBatch", arn.region, params), len(items))


def _string(text: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": text}


async def _topic(caller: Caller, arn: Arn, parameters: Mapping[str, Any], items: Sequence[Delivery]) -> list[Outcome]:
    """PublishBatch."""
    entries = [{"Id": str(at), "Message": item.payload.decode()} for at, item in enumerate(items)]
    params = {"TopicArn": str(arn), "PublishBatchRequestEntries": entries}
    return _by_id(await caller.call("sns", "PublishBatch", arn.region, params), len(items))


def _by_id(answer: Mapping[str, Any], count: int) -> list[Outcome]:
    failed = {one["Id"]: one for one in answer.get("Failed") or ()}
    taken = {one["Id"] for one in answer.get("Successful") or ()}
    outcomes: list[Outcome] = []
    for id in map(str, range(count)):
        if id in failed:
            why = _entry(failed[id].get("Code") or "InternalError", failed[id].get("Message"))
            if not failed[id].get("SenderFault") and isinstance(why, Permanent):
                why = Retry("SERVER_ERROR", why.message)
            outcomes.append(why)
        else:
            outcomes.append(DELIVERED if id in taken else Retry("SERVER_ERROR", "Nothing was said of the message."))
    return outcomes


async def _stream(caller: Caller, arn: Arn, parameters: Mapping[str, Any], items: Sequence[Delivery]) -> list[Outcome]:
    """PutRecords: what fails in it is throttled, or failed inside."""
    own = parameters.get("KinesisParameters") or {}
    path = parse_path(own["PartitionKeyPath"]) if own.get("PartitionKeyPath") else None
    records = []
    for item in items:
        key = own.get("PartitionKey")
        found = None if key or path is None else select(item.event, path)
        if found is not None and found != b"null":
            key = msgspec.json.decode(found, type=str) if found.startswith(b'"') else found.decode()
        records.append({"Data": item.payload, "PartitionKey": (key or item.event_id)[:256]})
    answer = await caller.call("kinesis", "PutRecords", arn.region, {"StreamARN": str(arn), "Records": records})
    return _in_order(answer.get("Records"), len(items))


async def _hose(caller: Caller, arn: Arn, parameters: Mapping[str, Any], items: Sequence[Delivery]) -> list[Outcome]:
    """PutRecordBatch."""
    name = arn.resource.removeprefix("deliverystream/")
    params = {"DeliveryStreamName": name, "Records": [{"Data": item.payload} for item in items]}
    answer = await caller.call("firehose", "PutRecordBatch", arn.region, params)
    return _in_order(answer.get("RequestResponses"), len(items))


def _in_order(entries: Sequence[Mapping[str, Any]] | None, count: int) -> list[Outcome]:
    if entries is None or len(entries) != count:
        raise Away("the answer does not speak of each record", "SERVER_ERROR", lost=False)
    return [
        Retry("THROTTLING", f"{one['ErrorCode']}: {one.get('ErrorMessage') or ''}")
        if one.get("ErrorCode")
        else DELIVERED
        for one in entries
    ]


async def _function(
    caller: Caller, arn: Arn, parameters: Mapping[str, Any], items: Sequence[Delivery]
) -> list[Outcome]:
    """Invoke, asynchronously."""
    for item in items:
        params = {"FunctionName": str(arn), "InvocationType": "Event", "Payload": item.payload}
        await caller.call("lambda", "Invoke", arn.region, params)
    return [DELIVERED] * len(items)


async def _machine(caller: Caller, arn: Arn, parameters: Mapping[str, Any], items: Sequence[Delivery]) -> list[Outcome]:
    """StartExecution. Its name tells an execution that was started already, whose answer was lost."""
    for item in items:
        params = {
            "stateMachineArn": str(arn),
            "name": copy_id(item),
            "input": item.payload.decode(),
            **({"traceHeader": item.trace} if item.trace else {}),
        }
        try:
            await caller.call("stepfunctions", "StartExecution", arn.region, params)
        except Refused as error:
            if not str(error).startswith("ExecutionAlreadyExists"):
                raise
    return [DELIVERED] * len(items)


class _Envelope(msgspec.Struct):
    source: str
    detail: msgspec.Raw
    detail_type: str = msgspec.field(name="detail-type")
    time: str | None = None
    resources: list[str] = []


_envelope = msgspec.json.Decoder(_Envelope).decode


async def _bus(caller: Caller, arn: Arn, parameters: Mapping[str, Any], items: Sequence[Delivery]) -> list[Outcome]:
    """PutEvents. A rule hands on the event with another id; a schedule or a pipe says what to make of its payload."""
    own = parameters.get("EventBridgeParameters")
    entries = []
    for item in items:
        if own is not None:
            entry: dict[str, Any] = {
                "Source": own["Source"],
                "DetailType": own["DetailType"],
                "Detail": item.payload.decode(),
                "Resources": list(own.get("Resources") or ()),
                **({"Time": own["Time"]} if own.get("Time") else {}),
            }
        else:
            event = _envelope(item.event)
            entry = {
                "Source": event.source,
                "DetailType": event.detail_type,
                "Detail": bytes(event.detail).decode(),
                "Resources": event.resources,
                **({"Time": event.time} if event.time else {}),
            }
        entries.append(entry | {"EventBusName": str(arn)} | ({"TraceHeader": item.trace} if item.trace else {}))
    answer = await caller.call("events", "PutEvents", arn.region, {"Entries": entries})
    found = answer.get("Entries") or []
    if len(found) != len(items):
        raise Away("the answer does not speak of each entry", "SERVER_ERROR", lost=False)
    return [_entry(one.get("ErrorCode"), one.get("ErrorMessage")) for one in found]


_LOG_STREAM = "eventyard"


async def _log(caller: Caller, arn: Arn, parameters: Mapping[str, Any], items: Sequence[Delivery]) -> list[Outcome]:
    """PutLogEvents, to a stream of the group that is made when it is first wanted."""
    group = arn.resource.removeprefix("log-group:").removesuffix(":*")
    order = sorted(range(len(items)), key=lambda at: published_at(items[at].event_id))
    events = [{"timestamp": published_at(items[at].event_id), "message": items[at].payload.decode()} for at in order]
    params = {"logGroupName": group, "logStreamName": _LOG_STREAM, "logEvents": events}
    try:
        answer = await caller.call("logs", "PutLogEvents", arn.region, params)
    except Refused as error:
        if error.code != "NO_RESOURCE":
            raise
        try:
            await caller.call(
                "logs", "CreateLogStream", arn.region, {k: params[k] for k in ("logGroupName", "logStreamName")}
            )
        except Refused as there:
            if not str(there).startswith("ResourceAlreadyExists"):
                raise
        answer = await caller.call("logs", "PutLogEvents", arn.region, params)
    said = answer.get("rejectedLogEventsInfo") or {}
    first = max(said.get("tooOldLogEventEndIndex") or 0, said.get("expiredLogEventEndIndex") or 0)
    end = said.get("tooNewLogEventStartIndex")
    outcomes: list[Outcome] = [DELIVERED] * len(items)
    for place, at in enumerate(order):
        if place < first or (end is not None and place >= end):
            outcomes[at] = Permanent("SDK_CLIENT_ERROR", "The log group takes nothing of that time.")
    return outcomes


_KIB, _MIB = 1 << 10, 1 << 20

SERVICES: Mapping[str, Service] = {
    "sqs": Service("", 10, 240 * _KIB, _queue),
    "sns": Service("", 10, 240 * _KIB, _topic),
    "kinesis": Service("stream/", 500, 4 * _MIB, _stream),
    "firehose": Service("deliverystream/", 500, 3 * _MIB, _hose),
    "lambda": Service("function:", 1, _MIB, _function),
    "states": Service("stateMachine:", 1, _MIB, _machine),
    "events": Service("event-bus/", 10, 240 * _KIB, _bus),
    "logs": Service("log-group:", 1_000, 900 * _KIB, _log),
}


def supports(arn: str) -> bool:
    """Whether what ``arn`` names can be delivered to in an account that is elsewhere."""
    parsed = Arn.parse(arn)
    service = None if parsed is None else SERVICES.get(parsed.service)
    return parsed is not None and service is not None and parsed.resource.startswith(service.resource)
