"""Records that hold JSON: the objects in one, and one record as several. Knows no files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from eventyard.errors import InvalidRequest
from eventyard.firehose.job import Content
from eventyard.firehose.resources import Splitting

#: How many records one may become (developer guide, "Apply dynamic partitioning to aggregated data").
_MOST = 500
_decoder = json.JSONDecoder()
# What may be a whole number of more than 64 bits, which the fast parser would make one of floating point: 19 digits in
# a row. Looking for them with every digit made a 0 is many times as fast as a regular expression.
_DIGITS, _LONG = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256)), b"0" * 19


def check_content(data: bytes, content: Content) -> None:
    """Raises InvalidRequest for a record that is not what it must be."""
    try:
        if content == "json":
            orjson.loads(data)
        elif content == "text":
            data.decode()
    except ValueError as error:
        what = "JSON" if content == "json" else "UTF-8"
        raise InvalidRequest(f"The record is not {what}: {error}.") from error


def objects(data: bytes) -> list[dict[str, Any]]:
    """The JSON objects that are in ``data`` in a row. Raises InvalidRequest for anything else."""
    load = _exact if _LONG in data.translate(_DIGITS) else orjson.loads
    try:
        found = [load(data)]
    except ValueError:
        try:
            found = [load(part) for part in _parts(data)]
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"The record is not JSON: {error}.") from error
    if not found or not all(isinstance(one, dict) for one in found):
        raise InvalidRequest("The record is not a JSON object.")
    return found


def split(data: bytes, splitting: Splitting) -> list[bytes]:
    """The records that are in one. Raises InvalidRequest for what can't be split, and for too many."""
    if splitting.delimiter is not None:
        found = [part for part in data.split(splitting.delimiter) if part]
    else:
        found = list(_parts(data))
    if len(found) > _MOST:
        raise InvalidRequest(f"The record holds {len(found)} records, more than {_MOST}.")
    return found


def _exact(data: bytes) -> Any:
    orjson.loads(data)  # is strict: no NaN, no bad UTF-8, no bottomless nesting
    return json.loads(data)


def _parts(data: bytes) -> Iterator[bytes]:
    """The texts of the JSON values in ``data``. Raises InvalidRequest for what is none."""
    try:
        text, at = data.decode().strip(), 0
        while at < len(text):
            _, end = _decoder.raw_decode(text, at)
            yield text[at:end].encode()
            at = end
            while at < len(text) and text[at] in " \t\r\n":
                at += 1
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"The record is not JSON: {error}.") from error
