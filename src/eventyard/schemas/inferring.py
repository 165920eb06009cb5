"""One schema from a few events that somebody has at hand, and schemas in the other type. Nothing is kept.

Sources: API reference, "Discover"; user guide, "Creating a schema from event JSON".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import msgspec

from eventyard.contract.dialects import ENVELOPE, from_openapi
from eventyard.detail import parse_object
from eventyard.schemas.registries import bad
from eventyard.schemas.resources import OPENAPI, Type, Version
from eventyard.schemas.shape import join, shape_of
from eventyard.schemas.written import document, plain_document

_DEEPEST = 255


def infer(type: Type, events: Sequence[str]) -> str:
    """The content of a schema of ``type`` for ``events``, JSON texts that are whole events of one type, or else any
    objects. Raises InvalidRequest."""
    found = [_read(text, number) for number, text in enumerate(events)]
    kinds = {(event.get("source"), event.get("detail-type")) for event in found}
    if len(kinds) > 1:
        raise bad("Events must be of a single type: they differ in source or detail-type.")
    (source, detail_type), *_ = kinds
    details = [event.get("detail") for event in found]
    if isinstance(source, str) and isinstance(detail_type, str) and all(isinstance(each, dict) for each in details):
        around = reduce(join, (shape_of({**event, "detail": {}}) for event in found))
        content = document(source, detail_type, reduce(join, map(shape_of, details)), around)
        return content if type == OPENAPI else _drafted(content)
    content = plain_document(reduce(join, map(shape_of, found)))
    return content if type == OPENAPI else _drafted(content)


def _read(text: str, number: int) -> dict[str, Any]:
    event = parse_object(text.encode("utf-8", "replace"), _DEEPEST)
    if event is None:
        raise bad(f"Events[{number}] is not a JSON object of at most {_DEEPEST} levels.")
    return event


def drafted(version: Version) -> dict[str, Any]:
    """The content of a version in Draft 4: of an OpenAPI document its component ``AWSEvent``, or else the first."""
    schema: dict[str, Any] = msgspec.json.decode(version.content)
    if version.type != OPENAPI:
        return schema
    components = schema["components"]["schemas"]
    return from_openapi(schema, ENVELOPE if ENVELOPE in components else next(iter(components))).schema


def _drafted(content: str) -> str:
    return msgspec.json.encode(drafted(Version(number=0, type=OPENAPI, content=content, created=0))).decode()
