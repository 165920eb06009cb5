"""Destinations between AWS's shapes and the firehose room's; what this server does not do is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.api.firehose.conversion import read_conversion, write_conversion
from eventyard.api.firehose.processing import Processing, read_processing, write_processing
from eventyard.api.firehose.words import BAD, unsupported
from eventyard.errors import InvalidRequest
from eventyard.firehose import Destination

DESTINATION_ID = "destinationId-000000000001"
#: The buffer where conversion or partitioning is enabled and none is given (API reference, BufferingHints).
_LARGE_MIB = 128


def read_destination(given: dict[str, Any], now: Destination | None = None) -> Destination:
    """The destination that an S3 or extended S3 configuration, or an update of ``now``, describes."""
    _refuse(given)
    changes: dict[str, Any] = {}
    for name, field in (
        ("RoleARN", "role"),
        ("Prefix", "prefix"),
        ("ErrorOutputPrefix", "error_prefix"),
        ("CompressionFormat", "compression"),
        ("FileExtension", "extension"),
    ):
        if given.get(name) is not None:
            changes[field] = given[name]
    if given.get("BucketARN") is not None:
        changes["bucket"] = given["BucketARN"].partition(":::")[2]
    if given.get("CustomTimeZone") is not None:
        changes["zone"] = given["CustomTimeZone"] or "UTC"
    hints = given.get("BufferingHints") or {}
    if hints:
        if hints.keys() < {"SizeInMBs", "IntervalInSeconds"}:
            raise InvalidRequest("Both SizeInMBs and IntervalInSeconds must be given in BufferingHints.", BAD)
        changes |= {"size": hints["SizeInMBs"], "interval": hints["IntervalInSeconds"]}
    if given.get("ProcessingConfiguration") is not None or given.get("DynamicPartitioningConfiguration") is not None:
        changes |= _processed(given, now)
    if given.get("DataFormatConversionConfiguration") is not None:
        changes["conversion"] = read_conversion(given["DataFormatConversionConfiguration"])
    changes |= _backup(given, now)
    destination = Destination(**changes) if now is None else msgspec.structs.replace(now, **changes)
    if not hints and now is None and (destination.conversion or destination.partitioning):
        return msgspec.structs.replace(destination, size=_LARGE_MIB)
    return destination


def write_destination(destination: Destination) -> dict[str, Any]:
    """Both descriptions that AWS answers of a destination in S3."""
    plain, backup = _plain(destination), destination.backup
    partitioning = destination.partitioning
    partitioned = None
    if partitioning is not None:
        partitioned = {"RetryOptions": {"DurationInSeconds": partitioning.retry}, "Enabled": True}
    return {
        "DestinationId": DESTINATION_ID,
        "S3DestinationDescription": plain,
        "ExtendedS3DestinationDescription": {
            **plain,
            "S3BackupMode": "Disabled" if backup is None else "Enabled",
            "S3BackupDescription": None if backup is None else _plain(backup),
            "ProcessingConfiguration": write_processing(destination),
            "DynamicPartitioningConfiguration": partitioned,
            "DataFormatConversionConfiguration": write_conversion(destination.conversion),
            "FileExtension": destination.extension or None,
            "CustomTimeZone": destination.zone,
        },
    }


def _plain(destination: Destination) -> dict[str, Any]:
    return {
        "RoleARN": destination.role,
        "BucketARN": f"arn:aws:s3:::{destination.bucket}",
        "Prefix": destination.prefix,
        "ErrorOutputPrefix": destination.error_prefix or None,
        "BufferingHints": {"SizeInMBs": destination.size, "IntervalInSeconds": destination.interval},
        "CompressionFormat": destination.compression,
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }


def _processed(given: dict[str, Any], now: Destination | None) -> dict[str, Any]:
    """What processors and partitioning make of records. An update that gives one of both leaves the other as it is."""
    processing = given.get("ProcessingConfiguration")
    if processing is not None:
        found = read_processing(processing)
    elif now is not None:
        query = None if now.partitioning is None else now.partitioning.query
        found = Processing(now.delimiter, now.splitting, query, now.transformation)
    else:
        found = Processing()
    partitioning = given.get("DynamicPartitioningConfiguration")
    return found.changes(partitioning, now.partitioning if now is not None else None)


def _backup(given: dict[str, Any], now: Destination | None) -> dict[str, Any]:
    mode = given.get("S3BackupMode")
    backup = given.get("S3BackupConfiguration") or given.get("S3BackupUpdate")
    had = None if now is None else now.backup
    if mode == "Disabled" and had is not None:
        raise InvalidRequest("S3BackupMode can not be disabled once it is enabled.", BAD)
    if mode == "Enabled" or had is not None:
        if backup is None and had is None:
            raise InvalidRequest("S3BackupConfiguration must be given when S3BackupMode is Enabled.", BAD)
        return {"backup": had if backup is None else read_destination(backup, had)}
    if backup is not None:
        raise InvalidRequest("S3BackupMode must be Enabled when a backup is configured.", BAD)
    return {}


def _refuse(given: dict[str, Any]) -> None:
    """Raises Unsupported for what would otherwise be left undone in silence."""
    compression = given.get("CompressionFormat")
    if compression not in (None, "UNCOMPRESSED", "GZIP"):
        raise unsupported(f"CompressionFormat {compression}")
    if (given.get("CloudWatchLoggingOptions") or {}).get("Enabled"):
        raise unsupported("CloudWatchLoggingOptions")
    if (given.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig"):
        raise unsupported("KMSEncryptionConfig")
