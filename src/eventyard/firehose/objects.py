"""The names of the files: prefixes with expressions, as AWS evaluates them. Pure.

Source: Data Firehose developer guide, "Understand custom prefixes for Amazon S3 objects" and "Configure Amazon S3
object name format".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventyard.errors import InvalidRequest
from eventyard.firehose.resources import Hose

_BAD = "InvalidArgumentException"
_EXPRESSION = re.compile(r"!\{([^{}:]*):([^{}]*)\}")
_DEFAULT = "!{timestamp:yyyy/MM/dd/HH/}"
_RANDOM_LENGTH = 11
_LONGEST_SEGMENT, _LONGEST_KEY = 255, 1024
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


def object_key(hose: Hose, oldest: int, id: str) -> str:
    """The name, below the bucket, of the file whose oldest record arrived at ``oldest`` (ms). ``id``: a UUID; the same
    one always gives the same name.

    Raises InvalidRequest for a name that no file can have."""
    destination = hose.destination
    time = datetime.fromtimestamp(oldest / 1000, UTC).astimezone(zone_of(destination.zone))
    prefix = destination.prefix
    if _EXPRESSION.search(prefix) is None:
        prefix += _DEFAULT
    random = id.replace("-", "")[-_RANDOM_LENGTH:]
    evaluated = _EXPRESSION.sub(lambda found: _evaluate(found[1], found[2], time, random), prefix)
    extension = destination.extension or (".gz" if destination.compression == "GZIP" else "")
    key = f"{evaluated}{hose.name}-{hose.version}-{time.strftime('%Y-%m-%d-%H-%M-%S')}-{id}{extension}"
    # Files can't have empty segments; objects of S3 can.
    segments = [segment for segment in key.split("/") if segment]
    for segment in segments:
        if segment in (".", "..") or len(segment.encode()) > _LONGEST_SEGMENT or not segment.isprintable():
            raise InvalidRequest(f"Prefix {destination.prefix} does not give the name of a file.", _BAD)
    key = "/".join(segments)
    if len(key.encode()) > _LONGEST_KEY:
        raise InvalidRequest(f"Prefix {destination.prefix} gives a name longer than {_LONGEST_KEY} bytes.", _BAD)
    return key


def check_destination(hose: Hose) -> None:
    """Raises InvalidRequest for a destination to which nothing could be written."""
    destination = hose.destination
    if _BUCKET.fullmatch(destination.bucket) is None or ".." in destination.bucket:
        raise InvalidRequest(f"{destination.bucket} is not a valid name of a bucket.", _BAD)
    expressions = _EXPRESSION.findall(destination.prefix)
    for text in (destination.prefix, destination.error_prefix):
        if "!{" in _EXPRESSION.sub("", text):
            raise InvalidRequest(f"Prefix {text} has an expression that is not of the form !{{namespace:value}}.", _BAD)
    if ("firehose", "error-output-type") in expressions:
        raise InvalidRequest("Prefix cannot contain !{firehose:error-output-type}.", _BAD)
    if expressions and "!{firehose:error-output-type}" not in destination.error_prefix:
        raise InvalidRequest(
            "ErrorOutputPrefix must be given, with !{firehose:error-output-type} in it, when Prefix contains "
            "expressions.",
            _BAD,
        )
    zone_of(destination.zone)
    object_key(hose, hose.created, "00000000-0000-0000-0000-000000000000")


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
        return _format(value, time)
    if (namespace, value) == ("firehose", "random-string"):
        return random
    raise InvalidRequest(f"The expression !{{{namespace}:{value}}} is not supported in Prefix by this server.", _BAD)


def _format(pattern: str, time: datetime) -> str:
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
