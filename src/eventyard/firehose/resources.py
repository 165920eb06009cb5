"""Delivery streams as their makers described them. Holds no records."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Compression = Literal["UNCOMPRESSED", "GZIP", "ZSTD"]
ParquetCompression = Literal["UNCOMPRESSED", "GZIP", "SNAPPY", "ZSTD"]

MAX_TAGS = 50
#: The most bytes of a record (API reference, Record).
MOST_RECORD = 1_024_000


class Splitting(msgspec.Struct, frozen=True):
    """How a record becomes several. ``delimiter``: what is between them; None where they are JSON objects in a row."""

    delimiter: bytes | None = None


class Conversion(msgspec.Struct, frozen=True):
    """JSON to Parquet. ``lower``: keys become lowercase. ``underscores``: dots in keys become underscores. ``names``:
    the key of a column that is named otherwise. ``page``: bytes. ``given``: the configuration as it was given."""

    given: dict[str, Any]
    compression: ParquetCompression = "SNAPPY"
    lower: bool = True
    underscores: bool = False
    names: dict[str, str] = {}
    page: int = 1 << 20
    dictionary: bool = True
    version: Literal["V1", "V2"] = "V1"


class Partitioning(msgspec.Struct, frozen=True):
    """Files by values in the records. ``query``: in jq's language, gives the keys; None where only a function does.
    ``retry``: seconds, as it was given:
    what can't be written is tried for ever."""

    query: str | None
    retry: int = 300


class Transformation(msgspec.Struct, frozen=True):
    """Records go through a function first. ``retries``: after a first failure. ``size``: MiB of records that it is
    given at once. ``given``: the other parameters, as they were given."""

    function: str
    retries: int = 3
    size: float = 1.0
    given: dict[str, str] = {}


class Encryption(msgspec.Struct, frozen=True):
    """Records are sealed while they wait. ``key_arn``: the key's name, as it was given."""

    key_type: str
    key_arn: str | None = None


class StreamSource(msgspec.Struct, frozen=True):
    """Records come from a Kinesis stream. ``since``: from when on (ms)."""

    arn: str
    role: str
    since: int


class Destination(msgspec.Struct, frozen=True):
    """Where files go: ``bucket`` is a directory. ``size`` (MiB) and ``interval`` (s): what is waiting is written when
    it is so large or so old. ``delimiter``: what each record is followed by. ``backup``: where records go as they came,
    before anything is done with them."""

    role: str
    bucket: str
    prefix: str = ""
    error_prefix: str = ""
    size: int = 5
    interval: int = 300
    compression: Compression = "UNCOMPRESSED"
    extension: str = ""
    zone: str = "UTC"
    delimiter: str = ""
    splitting: Splitting | None = None
    partitioning: Partitioning | None = None
    transformation: Transformation | None = None
    conversion: Conversion | None = None
    backup: Destination | None = None


class Hose(msgspec.Struct, frozen=True):
    """A delivery stream. ``version`` rises with each change of the destination. ``source``: None where records are put
    to the stream itself."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    destination: Destination
    updated: int | None = None
    version: int = 1
    tags: dict[str, str] = {}
    encryption: Encryption | None = None
    source: StreamSource | None = None


def hose_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:firehose:{region}:{account}:deliverystream/{name}"
