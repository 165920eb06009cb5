"""The live tail of a bus, taken up again after a broken connection without a gap and without a repetition."""

from __future__ import annotations

import http.client
from collections import OrderedDict
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import msgspec

from eventyard.cli.pages import get
from eventyard.detail import deeply
from eventyard.event import published_at

#: How many ids tell the events seen before a broken connection from new ones of the same time.
_MEMORY = 10_000
#: So many milliseconds are read again: the clock of the server may have been set back a little.
_OVERLAP = 1_000


class _Line(msgspec.Struct, frozen=True):
    event: msgspec.Raw
    rules: tuple[str, ...] = ()


class _Event(msgspec.Struct, frozen=True):
    id: str


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_event = msgspec.json.Decoder(_Event).decode


class Stream:
    """One tail through any number of connections. ``since``: milliseconds since the epoch, or None for now."""

    def __init__(self, endpoint: str, bus: str, pattern: str | None, since: int | None) -> None:
        self._endpoint = endpoint
        self._query = {"bus": bus} | ({"pattern": pattern} if pattern else {})
        self._since = since
        self._seen: OrderedDict[str, None] = OrderedDict()

    def events(self) -> Iterator[tuple[bytes, tuple[str, ...]] | None]:
        """The text of each event not seen before, with the names of the rules that match it, and None as a sign of
        life; ends with the connection.

        Raises TryAgain, NotFound and InvalidRequest as the pages do."""
        query = self._query | ({} if self._since is None else {"since": str(self._since)})
        with get(self._endpoint, "/_eventyard/tail", query) as answer:
            if self._since is None:
                self._since = _date(answer)
            try:
                for line in answer:
                    yield self._take(line) if line.strip() else None
            except (OSError, http.client.HTTPException):
                return

    def _take(self, line: bytes) -> tuple[bytes, tuple[str, ...]] | None:
        # Ids and not positions: those start again at 1 when a server without a data directory does.
        found = deeply(_decode_line, line)
        text = bytes(found.event)
        name = deeply(_decode_event, text).id
        if name in self._seen:
            return None
        self._seen[name] = None
        if len(self._seen) > _MEMORY:
            self._seen.popitem(last=False)
        self._since = max(self._since or 0, published_at(name) - _OVERLAP)
        return text, found.rules


def _date(answer: http.client.HTTPResponse) -> int | None:
    """The server's time in milliseconds: whole seconds, rounded down."""
    date = answer.getheader("Date")
    return int(parsedate_to_datetime(date).timestamp() * 1000) if date else None
