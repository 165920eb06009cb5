"""A channel as its maker described it, and the names of its files: records of a Kinesis stream that become files.

Source: Kinesis developer guide, "S3 output key template for Amazon S3 delivery" and "How Amazon S3 delivery works".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Literal

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.firehose.job import Content, Failure, Job
from eventyard.firehose.objects import check_bucket, file_name, timestamp
from eventyard.firehose.parquet import check_installed
from eventyard.firehose.resources import Compression

Format = Literal["JSON", "STRING", "BYTE_ARRAY"]

_BAD = "InvalidArgumentException"
_SIZE = 128 << 20  # bytes that a file gathers at most, however fresh they are
_VARIABLE = re.compile(r"!\{([^{}]*)\}")
_TIMES = ("yyyy", "yy", "MM", "dd", "HH", "mm")
_EXTENSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz", "ZSTD": ".zst"}
_CONTENTS: Mapping[Format, Content] = {"JSON": "json", "STRING": "text", "BYTE_ARRAY": "any"}
_DEFAULT = (
    "kinesis-channel/!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}/"
    "!{channel-name}-!{channel-id}-!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension}"
)


class Letters(msgspec.Struct, frozen=True):
    """Where records go that can't be delivered. ``owner``: the account that the bucket is expected to be of."""

    bucket: str
    owner: str
    prefix: str | None = None


class Channel(msgspec.Struct, frozen=True):
    """``since``: nothing that arrived earlier (ms) is delivered. ``freshness``: what waits so many seconds is written.
    ``owner``: the account that the bucket is expected to be of. ``letters``: None for the channel's own bucket."""

    arn: str
    id: str
    account: str
    region: str
    name: str
    since: int
    role: str
    stream: str
    stream_created: int
    format: Format
    bucket: str
    owner: str
    freshness: int = 300
    compression: Compression = "UNCOMPRESSED"
    template: str | None = None
    storage_class: str | None = None
    letters: Letters | None = None
    tags: dict[str, str] = {}

    @property
    def dead_letters(self) -> Letters:
        """Where records go that can't be delivered."""
        given = self.letters or Letters(self.bucket, self.owner)
        prefix = given.prefix or f"kinesis-channel/errors/{self.name}/{self.id}/"
        return msgspec.structs.replace(given, prefix=prefix)

    @property
    def job(self) -> Job:
        """What is done with the records. Of each but bytes a line is made."""
        return Job(
            self.arn,
            _SIZE,
            self.freshness * 1000,
            self.bucket,
            partial(_key, self),
            self.dead_letters.bucket,
            partial(_letter_key, self),
            self.compression,
            b"" if self.format == "BYTE_ARRAY" else b"\n",
            content=_CONTENTS[self.format],
        )


def check_channel(channel: Channel) -> None:
    """Raises InvalidRequest for a channel whose files can't be, Unsupported where it needs what is not installed."""
    check_bucket(channel.bucket)
    check_bucket(channel.dead_letters.bucket)
    if "!{" in _VARIABLE.sub("", channel.template or ""):
        raise InvalidRequest(f"OutputKeyTemplate {channel.template} has a variable without an end.", _BAD)
    if channel.compression == "ZSTD":
        check_installed("CompressionType ZSTD")
    some = "00000000-0000-0000-0000-000000000000"
    _key(channel, channel.since, some, {})
    _letter_key(channel, "processing-failed", channel.since, some)


def _key(channel: Channel, oldest: int, id: str, keys: Mapping[str, str]) -> str:
    """The name of a file whose first record arrived at ``oldest`` (ms)."""
    time = datetime.fromtimestamp(oldest / 1000, UTC)
    template = channel.template or _DEFAULT
    # What makes the name unique goes before the extension that a template ends with.
    found = re.search(r"!\{extension(:[^{}]*)?\}$", template)
    at = len(template) if found is None else found.start()
    evaluated = [
        _VARIABLE.sub(lambda one: _value(channel, one[1], time), part) for part in (template[:at], template[at:])
    ]
    return file_name(f"{evaluated[0]}-{id}{evaluated[1]}", template)


def _letter_key(channel: Channel, failure: Failure, oldest: int, id: str) -> str:
    letters = channel.dead_letters
    time = datetime.fromtimestamp(oldest / 1000, UTC)
    return file_name(f"{letters.prefix}{timestamp('yyyy/MM/dd/HH/', time)}{failure}-{id}", letters.prefix or "")


def _value(channel: Channel, variable: str, time: datetime) -> str:
    values = {
        "channel-name": channel.name,
        "channel-id": channel.id,
        "stream-name": channel.stream.rpartition("/")[2],
        "extension": _EXTENSIONS[channel.compression],
    }
    if variable in values:
        return values[variable]
    if variable in _TIMES:
        return timestamp(variable, time)
    if variable.startswith("extension:"):
        return variable.partition(":")[2]
    raise InvalidRequest(f"OutputKeyTemplate has the variable !{{{variable}}}, which there is not.", _BAD)
