"""The door of Amazon Data Firehose's API: streams, records and tags."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.api.firehose.destination import DESTINATION_ID, read_destination, write_destination
from eventyard.api.firehose.words import BAD, unsupported
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, Unsupported
from eventyard.firehose import MAX_TAGS, Encryption, Hose, Hoses, StreamSource, hose_arn
from eventyard.wire import Caller, Door, Moment

_MOST_BATCH = 4 << 20
_PAGE = 10  # API reference, ListDeliveryStreams
_S3 = ("ExtendedS3Destination", "S3Destination")


def firehose_door(hoses: Hoses, clock: Clock) -> Door:
    """What this server does of the API; the wire refuses the rest by name."""
    streams, records, tags = _Streams(hoses, clock), _Records(hoses), _Tags(hoses)
    return Door(
        service="firehose",
        operations={
            "CreateDeliveryStream": streams.create,
            "DeleteDeliveryStream": streams.delete,
            "DescribeDeliveryStream": streams.describe,
            "ListDeliveryStreams": streams.list,
            "ListTagsForDeliveryStream": tags.list,
            "PutRecord": records.put,
            "PutRecordBatch": records.put_batch,
            "StartDeliveryStreamEncryption": streams.start_encryption,
            "StopDeliveryStreamEncryption": streams.stop_encryption,
            "TagDeliveryStream": tags.tag,
            "UntagDeliveryStream": tags.untag,
            "UpdateDestination": streams.update,
        },
    )


class _Streams:
    def __init__(self, hoses: Hoses, clock: Clock) -> None:
        self._hoses = hoses
        self._clock = clock

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        own = {
            "DeliveryStreamName",
            "DeliveryStreamType",
            "DeliveryStreamEncryptionConfigurationInput",
            "KinesisStreamSourceConfiguration",
            "Tags",
        }
        given = _only_s3(params, "Configuration", own)
        if given is None:
            raise InvalidRequest("Exactly one destination configuration is supported for a Firehose", BAD)
        source = self._source(caller, params)
        encryption = params.get("DeliveryStreamEncryptionConfigurationInput")
        if encryption is not None and source is not None:
            raise _not_direct(params["DeliveryStreamName"])
        try:
            hose = await self._hoses.create(
                caller.account,
                caller.region,
                params["DeliveryStreamName"],
                read_destination(given),
                _merged({}, params.get("Tags") or []),
                None if encryption is None else _encryption(encryption),
                source,
            )
        except NotFound as error:
            raise InvalidRequest(error.message, BAD) from error
        return {"DeliveryStreamARN": hose.arn}

    async def start_encryption(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """From now on records are sealed with the server's own key while they wait: the key's name is kept and
        answered, no more."""
        encryption = _encryption(params.get("DeliveryStreamEncryptionConfigurationInput") or {})
        return await self._encrypt(caller, params, encryption)

    async def stop_encryption(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._encrypt(caller, params, None)

    async def _encrypt(self, caller: Caller, params: dict[str, Any], encryption: Encryption | None) -> dict[str, Any]:
        def edit(hose: Hose) -> Hose:
            if hose.source is not None:
                raise _not_direct(hose.name)
            return msgspec.structs.replace(hose, encryption=encryption)

        await self._hoses.change(_arn(caller, params), edit)
        return {}

    def _source(self, caller: Caller, params: dict[str, Any]) -> StreamSource | None:
        kind, given = params.get("DeliveryStreamType"), params.get("KinesisStreamSourceConfiguration")
        if kind not in (None, "DirectPut", "KinesisStreamAsSource"):
            raise unsupported(f"DeliveryStreamType {kind}")
        if (kind == "KinesisStreamAsSource") != (given is not None):
            raise InvalidRequest(
                "KinesisStreamSourceConfiguration must be given with DeliveryStreamType KinesisStreamAsSource, and "
                "only then.",
                BAD,
            )
        if given is None:
            return None
        arn = given["KinesisStreamARN"]
        if arn.split(":")[4] != caller.account:
            raise unsupported("KinesisStreamARN of another account")
        return StreamSource(arn, given["RoleARN"], self._clock.now())

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._hoses.delete(_arn(caller, params), bool(params.get("AllowForceDelete")))
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        hose = self._hoses.get(_arn(caller, params))
        # There is one destination, so a list that starts behind it is empty.
        shown = params.get("ExclusiveStartDestinationId", "") < DESTINATION_ID
        return {
            "DeliveryStreamDescription": {
                "DeliveryStreamName": hose.name,
                "DeliveryStreamARN": hose.arn,
                "DeliveryStreamStatus": "ACTIVE",
                "DeliveryStreamEncryptionConfiguration": _encryption_shape(hose.encryption),
                "DeliveryStreamType": _type(hose),
                "Source": None if hose.source is None else _source_shape(hose.source),
                "VersionId": str(hose.version),
                "CreateTimestamp": Moment(hose.created / 1000),
                "LastUpdateTimestamp": None if hose.updated is None else Moment(hose.updated / 1000),
                "Destinations": [write_destination(hose.destination)] if shown else [],
                "HasMoreDestinations": False,
            }
        }

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        after = params.get("ExclusiveStartDeliveryStreamName") or ""
        wanted = params.get("DeliveryStreamType")
        names = [
            hose.name
            for hose in self._hoses.find(caller.account, caller.region)
            if hose.name > after and wanted in (None, _type(hose))
        ]
        shown = names[: params.get("Limit") or _PAGE]
        return {"DeliveryStreamNames": shown, "HasMoreDeliveryStreams": len(names) > len(shown)}

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        own = {"DeliveryStreamName", "CurrentDeliveryStreamVersionId", "DestinationId"}
        given = _only_s3(params, "Update", own)
        if given is None:
            raise InvalidRequest("Exactly one destination update must be given.", BAD)
        wanted = params["CurrentDeliveryStreamVersionId"]

        def edit(hose: Hose) -> Hose:
            if params["DestinationId"] != DESTINATION_ID:
                raise InvalidRequest(f"Destination Id {params['DestinationId']} not found", BAD)
            if wanted != str(hose.version):
                raise Conflict(
                    f"Cannot update firehose: {hose.name} since the current version id: {hose.version} and specified "
                    f"version id: {wanted} do not match",
                    "ConcurrentModificationException",
                )
            return msgspec.structs.replace(
                hose,
                destination=read_destination(given, hose.destination),
                version=hose.version + 1,
                updated=self._clock.now(),
            )

        await self._hoses.change(_arn(caller, params), edit)
        return {}


class _Records:
    def __init__(self, hoses: Hoses) -> None:
        self._hoses = hoses

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = _arn(caller, params)
        encrypted = self._hoses.get(arn).encryption is not None
        (id,) = await self._hoses.put(arn, [params["Record"]["Data"]])
        return {"RecordId": id, "Encrypted": encrypted}

    async def put_batch(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        records = [record["Data"] for record in params["Records"]]
        if sum(map(len, records)) > _MOST_BATCH:
            raise InvalidRequest(f"Records size exceeds {_MOST_BATCH} bytes", BAD)
        # They become durable together, so no record of a batch fails alone.
        arn = _arn(caller, params)
        encrypted = self._hoses.get(arn).encryption is not None
        ids = await self._hoses.put(arn, records)
        return {"FailedPutCount": 0, "Encrypted": encrypted, "RequestResponses": [{"RecordId": id} for id in ids]}


class _Tags:
    def __init__(self, hoses: Hoses) -> None:
        self._hoses = hoses

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        def edit(hose: Hose) -> Hose:
            return msgspec.structs.replace(hose, tags=_merged(hose.tags, params["Tags"]))

        await self._hoses.change(_arn(caller, params), edit)
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        def edit(hose: Hose) -> Hose:
            kept = {key: value for key, value in hose.tags.items() if key not in params["TagKeys"]}
            return msgspec.structs.replace(hose, tags=kept)

        await self._hoses.change(_arn(caller, params), edit)
        return {}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        tags = self._hoses.get(_arn(caller, params)).tags
        keys = sorted(key for key in tags if key > (params.get("ExclusiveStartTagKey") or ""))
        shown = keys[: params.get("Limit") or MAX_TAGS]
        return {
            "Tags": [{"Key": key, "Value": tags[key]} for key in shown],
            "HasMoreTags": len(keys) > len(shown),
        }


def _arn(caller: Caller, params: dict[str, Any]) -> str:
    return hose_arn(caller.account, caller.region, params["DeliveryStreamName"])


def _type(hose: Hose) -> str:
    return "DirectPut" if hose.source is None else "KinesisStreamAsSource"


def _not_direct(name: str) -> InvalidRequest:
    return InvalidRequest(f"Encryption of Firehose {name} is its source's: it is for DirectPut only.", BAD)


def _encryption(given: dict[str, Any]) -> Encryption:
    """Raises InvalidRequest for a key that does not fit its type."""
    kind, key = given.get("KeyType") or "AWS_OWNED_CMK", given.get("KeyARN")
    if (kind == "CUSTOMER_MANAGED_CMK") != (key is not None):
        raise InvalidRequest("KeyARN must be given with KeyType CUSTOMER_MANAGED_CMK, and only then.", BAD)
    return Encryption(kind, key)


def _encryption_shape(encryption: Encryption | None) -> dict[str, Any]:
    if encryption is None:
        return {"Status": "DISABLED"}
    return {"Status": "ENABLED", "KeyType": encryption.key_type, "KeyARN": encryption.key_arn}


def _source_shape(source: StreamSource) -> dict[str, Any]:
    return {
        "KinesisStreamSourceDescription": {
            "KinesisStreamARN": source.arn,
            "RoleARN": source.role,
            "DeliveryStartTimestamp": Moment(source.since / 1000),
        }
    }


def _only_s3(params: dict[str, Any], kind: str, own: set[str]) -> dict[str, Any] | None:
    """The S3 configuration or update in ``params``. Raises Unsupported for any member that is none of ``own``."""
    names = [f"{name}{kind}" for name in _S3]
    for name, value in params.items():
        if value is not None and name not in own and name not in names:
            raise Unsupported(f"Parameter {name} is not supported by this server.")
    found = [params[name] for name in names if params.get(name) is not None]
    return found[0] if len(found) == 1 else None


def _merged(tags: dict[str, str], more: list[dict[str, Any]]) -> dict[str, str]:
    merged = tags | {tag["Key"]: tag.get("Value") or "" for tag in more}
    if len(merged) > MAX_TAGS:
        raise LimitExceeded(f"A Firehose stream can have {MAX_TAGS} tags at most.")
    return merged
