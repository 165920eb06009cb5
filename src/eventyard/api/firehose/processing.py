"""Processors and dynamic partitioning between AWS's shapes and the firehose room's."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import msgspec

from eventyard.api.firehose.words import BAD, unsupported
from eventyard.errors import InvalidRequest
from eventyard.firehose import Destination, Partitioning, Splitting, Transformation

_NEWLINES = ("\\n", "\n")


class Processing(msgspec.Struct, frozen=True):
    """What processors do: what they put behind each record, how they split it, by what query they find its keys."""

    delimiter: str = ""
    splitting: Splitting | None = None
    query: str | None = None
    transformation: Transformation | None = None

    def changes(self, partitioning: dict[str, Any] | None, now: Partitioning | None) -> dict[str, Any]:
        """What of a destination follows from this and from a partitioning; None leaves it as it is ``now``. Raises
        InvalidRequest where they don't fit."""
        retry = 300 if now is None else now.retry
        enabled = now is not None
        if partitioning is not None:
            enabled = bool(partitioning.get("Enabled"))
            given = (partitioning.get("RetryOptions") or {}).get("DurationInSeconds")
            retry = retry if given is None else given
        if (self.query is not None and not enabled) or (enabled and self.query is None and self.transformation is None):
            raise InvalidRequest(
                "Dynamic partitioning must be enabled together with a MetadataExtraction processor, or a Lambda one, "
                "which finds keys.",
                BAD,
            )
        return {
            "delimiter": self.delimiter,
            "splitting": self.splitting,
            "partitioning": Partitioning(self.query, retry) if enabled else None,
            "transformation": self.transformation,
        }


def read_processing(given: dict[str, Any]) -> Processing:
    """What a ProcessingConfiguration says."""
    found: dict[str, Any] = {}
    processors = (given.get("Processors") or []) if given.get("Enabled") else []
    for processor in processors:
        parameters = {one["ParameterName"]: one["ParameterValue"] for one in processor.get("Parameters") or ()}
        kind = processor["Type"]
        if kind == "AppendDelimiterToRecord":
            found["delimiter"] = _delimiter(parameters)
        elif kind == "RecordDeAggregation":
            found["splitting"] = _splitting(parameters)
        elif kind == "MetadataExtraction":
            found["query"] = _query(parameters)
        elif kind == "Lambda":
            found["transformation"] = _transformation(parameters)
        else:
            raise unsupported(f"Processor {kind}")
        if parameters:
            raise unsupported(f"Parameter {next(iter(parameters))} of processor {kind}")
    if "splitting" in found and "transformation" in found:
        raise unsupported("RecordDeAggregation together with a Lambda processor")
    return Processing(**found)


def write_processing(destination: Destination) -> dict[str, Any]:
    """The ProcessingConfiguration of a destination."""
    processors = []
    splitting, partitioning = destination.splitting, destination.partitioning
    if splitting is not None and splitting.delimiter is None:
        processors.append(_processor("RecordDeAggregation", SubRecordType="JSON"))
    elif splitting is not None and splitting.delimiter is not None:
        text = base64.b64encode(splitting.delimiter).decode()
        processors.append(_processor("RecordDeAggregation", SubRecordType="DELIMITED", Delimiter=text))
    transformation = destination.transformation
    if transformation is not None:
        sizes = {"NumberOfRetries": str(transformation.retries), "BufferSizeInMBs": f"{transformation.size:g}"}
        processors.append(_processor("Lambda", LambdaArn=transformation.function, **sizes, **transformation.given))
    if partitioning is not None and partitioning.query is not None:
        names = {"MetadataExtractionQuery": partitioning.query, "JsonParsingEngine": "JQ-1.6"}
        processors.append(_processor("MetadataExtraction", **names))
    if destination.delimiter:
        processors.append(_processor("AppendDelimiterToRecord", Delimiter="\\n"))
    return {"Enabled": True, "Processors": processors} if processors else {"Enabled": False}


def _processor(kind: str, **parameters: str) -> dict[str, Any]:
    given = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Type": kind, "Parameters": given}


# Each of these takes the parameters that it knows out of those that were given.


def _delimiter(parameters: dict[str, str]) -> str:
    if parameters.pop("Delimiter", "\n") not in _NEWLINES:
        raise unsupported("Processor parameter Delimiter other than the delimiter \\n")
    return "\n"


def _splitting(parameters: dict[str, str]) -> Splitting:
    kind, delimiter = parameters.pop("SubRecordType", None), parameters.pop("Delimiter", None)
    if kind == "JSON" and delimiter is None:
        return Splitting()
    if kind != "DELIMITED" or delimiter is None:
        raise InvalidRequest("SubRecordType must be JSON, or DELIMITED with a Delimiter.", BAD)
    try:
        return Splitting(base64.b64decode(delimiter, validate=True))
    except binascii.Error as error:
        raise InvalidRequest("Delimiter of RecordDeAggregation must be encoded in base64.", BAD) from error


def _transformation(parameters: dict[str, str]) -> Transformation:
    function = parameters.pop("LambdaArn", None)
    if (
        function is None
        or re.fullmatch(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[^:]+(:\$LATEST)?", function) is None
    ):
        raise InvalidRequest("A Lambda processor needs the LambdaArn of a function, without a version.", BAD)
    retries, size = parameters.pop("NumberOfRetries", "3"), parameters.pop("BufferSizeInMBs", "1")
    # Records are transformed when they are written, so there is no interval of its own to wait for.
    given: dict[str, str] = {
        name: parameters.pop(name) for name in ("RoleArn", "BufferIntervalInSeconds") if name in parameters
    }
    try:
        made = Transformation(function, int(retries), float(size), given)
    except ValueError as error:
        raise InvalidRequest("NumberOfRetries and BufferSizeInMBs must be numbers.", BAD) from error
    if not (0 <= made.retries <= 300 and 0.2 <= made.size <= 3):
        raise InvalidRequest("NumberOfRetries must be from 0 to 300, and BufferSizeInMBs from 0.2 to 3.", BAD)
    return made


def _query(parameters: dict[str, str]) -> str:
    engine, query = parameters.pop("JsonParsingEngine", None), parameters.pop("MetadataExtractionQuery", None)
    if engine != "JQ-1.6" or query is None:
        raise InvalidRequest("MetadataExtraction needs JsonParsingEngine JQ-1.6 and a MetadataExtractionQuery.", BAD)
    return query
