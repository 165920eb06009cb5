"""Destinations between AWS's shapes and the firehose room's; what this server does not do is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.errors import InvalidRequest, Unsupported
from eventyard.firehose import Destination

BAD = "InvalidArgumentException"
DESTINATION_ID = "destinationId-000000000001"
_NEWLINE = {"Type": "AppendDelimiterToRecord", "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]}


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
    processing = given.get("ProcessingConfiguration")
    if processing is not None:
        changes["delimiter"] = _delimiter(processing)
    return Destination(**changes) if now is None else msgspec.structs.replace(now, **changes)


def write_destination(destination: Destination) -> dict[str, Any]:
    """Both descriptions that AWS answers of a destination in S3."""
    plain = {
        "RoleARN": destination.role,
        "BucketARN": f"arn:aws:s3:::{destination.bucket}",
        "Prefix": destination.prefix,
        "ErrorOutputPrefix": destination.error_prefix or None,
        "BufferingHints": {"SizeInMBs": destination.size, "IntervalInSeconds": destination.interval},
        "CompressionFormat": destination.compression,
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }
    processing = {"Enabled": True, "Processors": [_NEWLINE]} if destination.delimiter else {"Enabled": False}
    return {
        "DestinationId": DESTINATION_ID,
        "S3DestinationDescription": plain,
        "ExtendedS3DestinationDescription": {
            **plain,
            "S3BackupMode": "Disabled",
            "ProcessingConfiguration": processing,
            "FileExtension": destination.extension or None,
            "CustomTimeZone": destination.zone,
        },
    }


def _refuse(given: dict[str, Any]) -> None:
    """Raises Unsupported for what would otherwise be left undone in silence."""
    compression = given.get("CompressionFormat")
    if compression not in (None, "UNCOMPRESSED", "GZIP"):
        raise _unsupported(f"CompressionFormat {compression}")
    conversion = given.get("DataFormatConversionConfiguration")
    # It counts as enabled unless it says otherwise (API reference, DataFormatConversionConfiguration).
    if conversion is not None and conversion.get("Enabled") is not False:
        raise _unsupported("DataFormatConversionConfiguration (Parquet and ORC)")
    for name in ("DynamicPartitioningConfiguration", "CloudWatchLoggingOptions"):
        if (given.get(name) or {}).get("Enabled"):
            raise _unsupported(name)
    if given.get("S3BackupMode") == "Enabled":
        raise _unsupported("S3BackupMode Enabled")
    if (given.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig"):
        raise _unsupported("KMSEncryptionConfig")


def _delimiter(processing: dict[str, Any]) -> str:
    """What a processing configuration adds to each record."""
    processors = processing.get("Processors") or []
    if not processing.get("Enabled") or not processors:
        return ""
    for processor in processors:
        if processor["Type"] != "AppendDelimiterToRecord":
            raise _unsupported(f"Processor {processor['Type']}")
        for parameter in processor.get("Parameters") or ():
            if (parameter["ParameterName"], parameter["ParameterValue"]) not in (
                ("Delimiter", "\\n"),
                ("Delimiter", "\n"),
            ):
                raise _unsupported(f"Processor parameter {parameter['ParameterName']} other than the delimiter \\n")
    return "\n"


def _unsupported(what: str) -> Unsupported:
    return Unsupported(f"{what} is not supported by this server.")
