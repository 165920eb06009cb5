"""Delivery streams as their makers described them. Holds no records."""

from __future__ import annotations

from typing import Literal

import msgspec

Compression = Literal["UNCOMPRESSED", "GZIP"]

MAX_TAGS = 50
#: The most bytes of a record (API reference, Record).
MOST_RECORD = 1_024_000


class Destination(msgspec.Struct, frozen=True):
    """Where files go: ``bucket`` is a directory. ``size`` (MiB) and ``interval`` (s): what is waiting is written when
    it is so large or so old. ``delimiter``: what each record is followed by."""

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


class Hose(msgspec.Struct, frozen=True):
    """A delivery stream. ``version`` rises with each change of the destination."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    destination: Destination
    updated: int | None = None
    version: int = 1
    tags: dict[str, str] = {}


def hose_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:firehose:{region}:{account}:deliverystream/{name}"
