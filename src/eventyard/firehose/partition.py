"""Partition keys: what a jq query finds in a record. The only place that knows jq, which is an extra.

Only what can't run for ever, eat memory, or see the server's surroundings is taken of the language: paths, literals,
comparisons, conditions, and the functions below.

Source: Data Firehose developer guide, "Understand partitioning keys" (jq 1.6).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest, Unsupported

_WORDS = frozenset({"and", "or", "not", "if", "then", "elif", "else", "end", "null", "true", "false"})
_TEXTS = frozenset({"tostring", "ascii_downcase", "ascii_upcase", "ltrimstr", "rtrimstr", "startswith", "endswith"})
_VALUES = frozenset({"tonumber", "tojson", "split", "join", "first", "last", "floor", "length", "has", "type"})
_TIMES = frozenset({"strftime", "strptime", "gmtime", "mktime", "todate", "fromdate"})
_TAKEN = _WORDS | _TEXTS | _VALUES | _TIMES
_TOKEN = re.compile(
    r"""\s+|(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?)|(?P<path>\.[A-Za-z_]\w*)|(?P<key>[A-Za-z_]\w*\s*:)"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<sign>//|==|!=|<=|>=|[.|,:\[\]{}()<>+\-?])"""
)


class Query:
    """A compiled query.

    Raises Unsupported without jq or for what is not taken of the language, InvalidRequest for what is no query."""

    def __init__(self, text: str) -> None:
        _check(text)
        try:
            import jq
        except ImportError:
            raise Unsupported(
                "MetadataExtraction needs jq: install eventyard[jq] and start the server again."
            ) from None
        try:
            self._program: Any = jq.compile(text)
        except ValueError as error:
            raise InvalidRequest(
                f"MetadataExtractionQuery is not valid: {error}", "InvalidArgumentException"
            ) from error

    def keys(self, data: bytes) -> dict[str, str]:
        """The partition keys of a record. Raises InvalidRequest where there are none."""
        try:
            found = self._program.input_text(data.decode()).first()
        except (ValueError, UnicodeDecodeError, StopIteration) as error:
            raise InvalidRequest(f"Metadata extraction failed: {error}") from error
        if not isinstance(found, dict):
            raise InvalidRequest("Metadata extraction failed: the query does not give an object.")
        return {name: _text(name, value) for name, value in found.items()}


def _text(name: str, value: Any) -> str:
    if isinstance(value, str) and value:
        return value
    if value is None or value == "" or isinstance(value, (dict, list)):
        raise InvalidRequest(f"Metadata extraction failed: partition key {name} has no value.")
    return msgspec.json.encode(value).decode()


def _check(text: str) -> None:
    """Raises Unsupported for a query with anything that is not taken of the language."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        taken = found is not None and "\\(" not in (found["string"] or "") and ".." not in text[at : at + 2]
        if found is None or not taken or (found["word"] is not None and found["word"] not in _TAKEN):
            what = text[at : at + 20] if found is None or not found["word"] else found["word"]
            raise Unsupported(f"{what!r} in MetadataExtractionQuery is not supported by this server.")
        at = found.end()
