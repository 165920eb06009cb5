"""What a delivery does with records: where the files go, when, and how they are made. Says nothing of how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from eventyard.firehose.resources import Compression, Conversion, Splitting, Transformation

#: The namespaces of partition keys in prefixes: what a query found, and what a function.
QUERY, FUNCTION = "partitionKeyFromQuery", "partitionKeyFromLambda"

Content = Literal["any", "text", "json"]
Failure = Literal["processing-failed", "format-conversion-failed"]


class Job(msgspec.Struct, frozen=True):
    """A delivery. ``size`` (bytes) and ``interval`` (ms): what waits is written when it is so large or so old.

    ``key``: the name of a file, of when its first record arrived (ms), an id and the partition keys
    (namespace, colon, name). ``error_key``: of
    the failure, the same time and an id. ``backup_key``: as ``key`` without keys, where records are backed up as they
    came. Names of the same arguments are the same; those that no file can have raise InvalidRequest. ``content``: what
    records must be."""

    arn: str
    size: int
    interval: int
    bucket: str
    key: Callable[[int, str, Mapping[str, str]], str]
    error_bucket: str
    error_key: Callable[[Failure, int, str], str]
    compression: Compression = "UNCOMPRESSED"
    delimiter: bytes = b""
    splitting: Splitting | None = None
    query: str | None = None
    transformation: Transformation | None = None
    conversion: Conversion | None = None
    content: Content = "any"
    backup_bucket: str = ""
    backup_key: Callable[[int, str], str] | None = None
    backup_compression: Compression = "UNCOMPRESSED"
