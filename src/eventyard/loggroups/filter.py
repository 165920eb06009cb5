"""Filter patterns: which messages they let pass. Refuses by name what is not supported.

Source: CloudWatch Logs user guide, "Filter pattern syntax". Terms match anywhere in the message and mind the case:
``ERROR``, ``"two words"``, ``-without``, ``?either ?or``. ``{ $.level = "warn" && $.ms > 500 }`` is for messages that
are JSON objects, see ``fields``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eventyard.errors import Unsupported
from eventyard.loggroups.fields import parse_fields
from eventyard.loggroups.resources import invalid

Filter = Callable[[str], bool]

_CODE = "InvalidParameterException"

_TERM = re.compile(r'\s*([-?]?)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_PLAIN = re.compile(r"\w+")
_ESCAPED = re.compile(r"\\(.)")


def parse_filter(text: str) -> Filter | None:
    """Whether a message passes; None where all do. Raises InvalidRequest, and Unsupported."""
    text = text.strip()
    if text.startswith("{"):
        return parse_fields(text)
    if text.startswith("["):
        raise Unsupported("Filter patterns for space-delimited events ([...]) are not supported by this server.", _CODE)
    if not text:
        return None
    return _terms(text)


def _terms(text: str) -> Filter:
    wanted: list[str] = []
    unwanted: list[str] = []
    optional: list[str] = []
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None:
            raise invalid(f"Invalid filter pattern: {text}")
        sign, quoted, plain = found.groups()
        if plain is not None and plain.startswith("%"):
            raise Unsupported("Regular expressions (%...%) in filter patterns are not supported by this server.", _CODE)
        if plain is not None and not _PLAIN.fullmatch(plain):
            raise invalid(f'Invalid character(s) in term "{plain}": it must be in double quotes.')
        term = plain if plain is not None else _ESCAPED.sub(r"\1", quoted)
        {"": wanted, "-": unwanted, "?": optional}[sign].append(term)
        at = found.end()
    if optional and (wanted or unwanted):
        raise Unsupported("Optional terms (?term) together with others are not supported by this server.", _CODE)

    def passes(message: str) -> bool:
        return (
            all(term in message for term in wanted)
            and not any(term in message for term in unwanted)
            and (not optional or any(term in message for term in optional))
        )

    return passes
