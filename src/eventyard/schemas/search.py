"""Search: which versions of which schemas hold all of some keywords.

A keyword is found in the names of schemas, components and properties, in titles and descriptions, sources and detail
types, and in values that are listed; not in what every schema consists of, such as ``type`` or ``object``. It may be
any part of a word, and capitals don't matter. In quotes it may have spaces, and ``*`` stands for any characters of a
word. AWS documents only that schemas are found that include the keywords; the rest is ours.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from eventyard.errors import EventyardError
from eventyard.schemas.registries import bad
from eventyard.schemas.resources import Schema, Version

_KEYWORD = re.compile(r'"([^"]*)"|(\S+)')
_MOST_KEYWORDS, _LONGEST_KEYWORD, _LONGEST_GAP = 20, 1_000, 200
#: Members whose values say how something is written, not what it is.
_STRUCTURE = frozenset({"type", "format", "$ref", "$schema", "openapi", "version", "required", "pattern", "id"})
_NAMES = frozenset({"properties", "schemas", "definitions", "patternProperties"})
_MOST_TEXTS = 5_000


Found = tuple[Schema, Sequence[Version]]
"""A schema and some of its versions."""


class Search:
    """Remembers what the last versions it looked at are about."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[str, int, int], str] = OrderedDict()

    def find(self, schemas: Sequence[Found], keywords: str) -> list[Found]:
        """Those of ``schemas`` with versions that hold all ``keywords``, and these versions. It may be called in a
        thread of its own. Raises InvalidRequest."""
        wanted = _patterns(keywords)
        found = []
        for schema, versions in schemas:
            missing = [pattern for pattern in wanted if not pattern.search(schema.name)]
            if missing:
                versions = [each for each in versions if self._holds(schema, each, missing)]
            if versions:
                found.append((schema, versions))
        return found

    def _holds(self, schema: Schema, version: Version, wanted: list[re.Pattern[str]]) -> bool:
        key = (schema.arn, version.number, version.created)
        text = self._texts.get(key)
        if text is None:
            text = "\n".join(_about(msgspec.json.decode(version.content)))
            self._texts[key] = text
            if len(self._texts) > _MOST_TEXTS:
                self._texts.popitem(last=False)
        return all(pattern.search(text) for pattern in wanted)


def _patterns(keywords: str) -> list[re.Pattern[str]]:
    if len(keywords) > _LONGEST_KEYWORD:
        raise _refused(f"must not be longer than {_LONGEST_KEYWORD} characters")
    texts = [quoted or plain for quoted, plain in _KEYWORD.findall(keywords)]
    texts = [text for text in texts if text.strip("*")]
    if not 1 <= len(texts) <= _MOST_KEYWORDS:
        raise _refused(f"must hold 1 to {_MOST_KEYWORDS} keywords")
    return [_pattern(text.strip("*")) for text in texts]


def _pattern(keyword: str) -> re.Pattern[str]:
    """A ``*`` is taken to end at the first place where the keyword goes on, which is never tried again: looking takes
    no longer than texts are long, whatever the keyword."""
    first, *others = map(re.escape, re.split(r"\*+", keyword))
    return re.compile(first + "".join(rf"(?>\S{{0,{_LONGEST_GAP}}}?{each})" for each in others), re.IGNORECASE)


def _about(schema: Any) -> Iterator[str]:
    """The names and texts of a schema, without its structure."""
    work = [schema]
    while work:
        value = work.pop()
        if isinstance(value, list):
            work += value
        elif isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for name, item in value.items():
                if name in _NAMES and isinstance(item, dict):
                    yield from item
                    work += item.values()
                elif name not in _STRUCTURE:
                    work.append(item)


def _refused(what: str) -> EventyardError:
    return bad(f"Keywords {what}.")
