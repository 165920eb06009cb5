"""The names of the files: prefixes with expressions, as AWS evaluates them. Pure.

Source: Data Firehose developer guide, "Understand custom prefixes for Amazon S3 objects" and "Configure Amazon S3
object name format".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventyard.errors import InvalidRequest, Unsupported
from eventyard.firehose.job import FUNCTION, QUERY
from eventyard.firehose.parquet import check_installed
from eventyard.firehose.partition import Query
from eventyard.firehose.resources import Destination, Hose

_BAD = "InvalidArgumentException"
_EXPRESSION = re.compile(r"!\{([^{}:]*):([^{}]*)\}")
_DEFAULT = "!{timestamp:yyyy/MM/dd/HH/}"
_RANDOM_LENGTH = 11
_LONGEST_SEGMENT, _LONGEST_KEY = 255, 1024
_FAILURE = ("firehose", "error-output-type")
_SOME_ID = "00000000-0000-0000-0000-000000000000"
#: The least buffer with conversion or partitioning (API reference, ExtendedS3DestinationConfiguration).
_LEAST_MIB = 64
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")

# What Java's DateTimeFormatter writes for the letters that name a place in time; the longest are tried first.
_LETTERS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda time: f"{time.year:04d}",
    "yy": lambda time: f"{time.year % 100:02d}",
    "y": lambda time: str(time.year),
    "MM": lambda time: f"{time.month:02d}",
    "M": lambda time: str(time.month),
    "DDD": lambda time: f"{time.timetuple().tm_yday:03d}",
    "dd": lambda time: f"{time.day:02d}",
    "d": lambda time: str(time.day),
    "HH": lambda time: f"{time.hour:02d}",
    "H": lambda time: str(time.hour),
    "mm": lambda time: f"{time.minute:02d}",
    "m": lambda time: str(time.minute),
    "ss": lambda time: f"{time.second:02d}",
    "s": lambda time: str(time.second),
}
_TOKEN = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z'])")


def object_key(hose: Hose, destination: Destination, oldest: int, id: str, keys: Mapping[str, str]) -> str:
    """The name, below the bucket, of the file whose oldest record arrived at ``oldest`` (ms) and has these partition
    keys. ``id``: a UUID; the same one always gives the same name.

    Raises InvalidRequest for a name that no file can have."""
    prefix = destination.prefix
    if _EXPRESSION.search(prefix) is None:
        prefix += _DEFAULT
    extension = destination.extension or _extension(destination)
    return _key(hose, destination, prefix, oldest, id, keys, extension)


def error_key(hose: Hose, destination: Destination, failure: str, oldest: int, id: str) -> str:
    """The same for the file of records that could not be delivered because of ``failure``."""
    prefix = destination.error_prefix
    if _EXPRESSION.search(prefix) is None:
        prefix += "!{firehose:error-output-type}/" + _DEFAULT
    return _key(hose, destination, prefix, oldest, id, {}, "", failure)


def _key(
    hose: Hose,
    destination: Destination,
    prefix: str,
    oldest: int,
    id: str,
    keys: Mapping[str, str],
    extension: str,
    failure: str = "",
) -> str:
    time = datetime.fromtimestamp(oldest / 1000, UTC).astimezone(zone_of(destination.zone))
    random = id.replace("-", "")[-_RANDOM_LENGTH:]

    def evaluate(found: re.Match[str]) -> str:
        if (found[1], found[2]) == _FAILURE and failure:
            return failure
        if found[1] in (QUERY, FUNCTION):
            value = keys.get(f"{found[1]}:{found[2]}")
            if not value:
                raise InvalidRequest(f"The partition key {found[2]} of Prefix {prefix} was not extracted.", _BAD)
            return value
        return _evaluate(found[1], found[2], time, random)

    evaluated = _EXPRESSION.sub(evaluate, prefix)
    name = f"{hose.name}-{hose.version}-{time.strftime('%Y-%m-%d-%H-%M-%S')}-{id}{extension}"
    return file_name(f"{evaluated}{name}", destination.prefix)


def file_name(key: str, template: str) -> str:
    """``key`` as the name of a file. Raises InvalidRequest for one that no file can have, naming its ``template``."""
    # Files can't have empty segments; objects of S3 can.
    segments = [segment for segment in key.split("/") if segment]
    for segment in segments:
        if segment in (".", "..") or len(segment.encode()) > _LONGEST_SEGMENT or not segment.isprintable():
            raise InvalidRequest(f"Prefix {template} does not give the name of a file.", _BAD)
    key = "/".join(segments)
    if len(key.encode()) > _LONGEST_KEY:
        raise InvalidRequest(f"Prefix {template} gives a name longer than {_LONGEST_KEY} bytes.", _BAD)
    return key


def check_destination(hose: Hose) -> None:
    """Raises InvalidRequest for a destination to which nothing could be written, Unsupported for one that needs what is
    not installed."""
    destination = hose.destination
    _check_prefixes(destination)
    if destination.partitioning is not None and destination.partitioning.query is not None:
        Query(destination.partitioning.query)
    if destination.transformation is not None and destination.transformation.function.split(":")[4] != hose.account:
        raise Unsupported("A Lambda processor with a function of another account is not supported by this server.")
    if destination.conversion is not None:
        check_installed("DataFormatConversionConfiguration")
        if destination.compression != "UNCOMPRESSED":
            raise InvalidRequest(
                "CompressionFormat must be UNCOMPRESSED when data format conversion is enabled: the compression is the "
                "serializer's.",
                _BAD,
            )
        if destination.delimiter:
            raise InvalidRequest("AppendDelimiterToRecord does not go with data format conversion.", _BAD)
    least = _LEAST_MIB if destination.partitioning or destination.conversion else 1
    if destination.size < least:
        raise InvalidRequest(
            f"SizeInMBs must be {least} at least when dynamic partitioning or data format conversion is enabled.", _BAD
        )
    keys = dict.fromkeys(_queried(destination.prefix), "x")
    object_key(hose, destination, hose.created, _SOME_ID, keys)
    error_key(hose, destination, "format-conversion-failed", hose.created, _SOME_ID)
    if destination.backup is not None:
        _check_prefixes(destination.backup)
        object_key(hose, destination.backup, hose.created, _SOME_ID, {})


def check_bucket(bucket: str) -> None:
    """Raises InvalidRequest for a name that no bucket can have."""
    if _BUCKET.fullmatch(bucket) is None or ".." in bucket:
        raise InvalidRequest(f"{bucket} is not a valid name of a bucket.", _BAD)


def _check_prefixes(destination: Destination) -> None:
    check_bucket(destination.bucket)
    expressions = _EXPRESSION.findall(destination.prefix)
    for text in (destination.prefix, destination.error_prefix):
        if "!{" in _EXPRESSION.sub("", text):
            raise InvalidRequest(f"Prefix {text} has an expression that is not of the form !{{namespace:value}}.", _BAD)
    if _FAILURE in expressions:
        raise InvalidRequest("Prefix cannot contain !{firehose:error-output-type}.", _BAD)
    if expressions and _FAILURE not in _EXPRESSION.findall(destination.error_prefix):
        raise InvalidRequest(
            "ErrorOutputPrefix must be given, with !{firehose:error-output-type} in it, when Prefix contains "
            "expressions.",
            _BAD,
        )
    keys = {key.partition(":")[0] for key in _queried(destination.prefix)}
    if QUERY in keys and (destination.partitioning is None or destination.partitioning.query is None):
        raise InvalidRequest("!{partitionKeyFromQuery:key} in Prefix needs a MetadataExtraction processor.", _BAD)
    if FUNCTION in keys and destination.transformation is None:
        raise InvalidRequest("!{partitionKeyFromLambda:key} in Prefix needs a Lambda processor.", _BAD)
    if bool(keys) != (destination.partitioning is not None):
        raise InvalidRequest(
            "Prefix must contain partition keys (!{partitionKeyFromQuery:key} or !{partitionKeyFromLambda:key}) when "
            "dynamic partitioning is enabled, and only then.",
            _BAD,
        )
    zone_of(destination.zone)


def _queried(prefix: str) -> list[str]:
    """The partition keys in a prefix."""
    return [f"{name}:{value}" for name, value in _EXPRESSION.findall(prefix) if name in (QUERY, FUNCTION)]


def _extension(destination: Destination) -> str:
    if destination.conversion is not None:
        return ".parquet"
    return ".gz" if destination.compression == "GZIP" else ""


def zone_of(name: str) -> tzinfo:
    """Raises InvalidRequest for a time zone that is not known here."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequest(f"CustomTimeZone {name} is not a time zone known to this server.", _BAD) from error


def _evaluate(namespace: str, value: str, time: datetime, random: str) -> str:
    if namespace == "timestamp":
        return timestamp(value, time)
    if (namespace, value) == ("firehose", "random-string"):
        return random
    raise InvalidRequest(f"The expression !{{{namespace}:{value}}} is not supported in Prefix by this server.", _BAD)


def timestamp(pattern: str, time: datetime) -> str:
    """``time`` by a pattern of Java's DateTimeFormatter."""
    out, at = [], 0
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None:
            raise InvalidRequest(f"The timestamp format {pattern} has a quote without an end.", _BAD)
        quoted, letters, _, other = found.groups()
        if letters is not None:
            if letters not in _LETTERS:
                raise InvalidRequest(f"{letters} in the timestamp format {pattern} is not supported.", _BAD)
            out.append(_LETTERS[letters](time))
        elif other is not None:
            out.append(other)
        else:
            # Two quotes with nothing between them are one quote.
            out.append(quoted.replace("''", "'") or "'")
        at = found.end()
    return "".join(out)
