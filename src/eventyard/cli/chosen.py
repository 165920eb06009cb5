"""The events that somebody wants replayed, as the server has them: their own texts, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from eventyard.cli.moments import moment
from eventyard.cli.pages import get
from eventyard.detail import deeply
from eventyard.errors import InvalidRequest, NotFound


class _Received(msgspec.Struct):
    log: str
    event: msgspec.Raw


class _Story(msgspec.Struct):
    received: list[_Received]


class _Line(msgspec.Struct):
    event: msgspec.Raw


_decode_story = msgspec.json.Decoder(_Story).decode
_decode_line = msgspec.json.Decoder(_Line).decode


def chosen(
    endpoint: str,
    bus: str,
    ids: Sequence[str],
    where: str | None,
    since: str | None,
    until: str | None,
    limit: int,
) -> list[str]:
    """Those with ``ids``, or those that match. Raises NotFound for an id that the bus hasn't got (any more), and
    InvalidRequest for more than ``limit``."""
    if ids:
        return [_by_id(endpoint, bus, event_id) for event_id in ids]
    query = {"bus": bus, "limit": str(limit + 1)}
    if where:
        query["pattern"] = where
    if since:
        query["since"] = str(moment(since, "--since"))
    if until:
        query["until"] = str(moment(until, "--until"))
    with get(endpoint, "/_eventyard/events", query) as answer:
        found = [bytes(deeply(_decode_line, line).event).decode() for line in answer]
    if len(found) > limit:
        raise InvalidRequest(f"More than {limit} events match. Choose fewer, or raise --limit.")
    return found


def _by_id(endpoint: str, bus: str, event_id: str) -> str:
    with get(endpoint, "/_eventyard/story", {"event": event_id}) as answer:
        story = deeply(_decode_story, answer.read())
    for one in story.received:
        if one.log == bus or one.log.endswith(f":event-bus/{bus}"):
            return bytes(one.event).decode()
    raise NotFound(f"Event bus {bus} has no event {event_id}, or no more.")
