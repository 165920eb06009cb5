"""Reading an answer: incrementally, and never more of it than is worth having."""

from __future__ import annotations

from typing import Any

import httptools
import msgspec

#: More of a body than this is not read; the connection is closed instead.
BODY = 64 << 10
_HEAD = 64 << 10


class Answer(msgspec.Struct, frozen=True):
    """``headers``: names in lower case, of a repeated one the last. ``body``: what was read of it, not decompressed."""

    status: int
    headers: dict[str, str]
    body: bytes


class BadAnswer(Exception):
    """What came is not HTTP, or too much of it."""


class Reader:
    """Takes bytes as they come; ``done`` when nothing more is needed. ``headless``: no body follows (HEAD).
    ``most``: bytes of a body that are read."""

    def __init__(self, headless: bool, most: int = BODY) -> None:
        self._most = most
        self._parser: Any = httptools.HttpResponseParser(self)
        self._headless = headless
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._head = 0
        self._status = 0
        self._final = False
        self.done = False
        self.whole = False  #: the answer ended where it said it would
        self._lasting = False
        self.begun = False  #: something came

    def feed(self, data: bytes) -> None:
        """Raises BadAnswer."""
        self.begun = True
        if not self._final:
            self._head += len(data)
            if self._head > _HEAD + self._most:
                raise BadAnswer("its headers are too long")
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise BadAnswer("it wants another protocol") from error
        except httptools.HttpParserError as error:
            if self.done:  # bytes after the end: the answer stands, the connection is of no more use
                self.whole = False
                return
            raise BadAnswer(f"it is not HTTP: {error}") from error

    def end(self) -> None:
        """The peer closed the connection. Raises BadAnswer if the answer isn't all there."""
        delimited = "content-length" in self._headers or "transfer-encoding" in self._headers
        if not self.done and (not self._final or delimited):
            raise BadAnswer("the connection was closed before the end of the answer")
        self.done = True

    def answer(self) -> Answer:
        return Answer(self._status, self._headers, b"".join(self._body))

    @property
    def reusable(self) -> bool:
        """Whether the connection can carry another request."""
        return self.whole and self._lasting

    # --- called by the parser ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.done:  # more than was asked for: nobody could tell what belongs to the next answer
            self.whole = False
        else:
            self._headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.done:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self.done:
            return
        self._status = int(self._parser.get_status_code())
        self._final = self._status >= 200 or self._status == 101
        if self._final and self._headless:
            self.done = True

    def on_body(self, data: bytes) -> None:
        if self.done:
            return
        room = self._most - self._size
        self._body.append(data[:room])
        self._size += len(data)
        if self._size > self._most:
            self.done = True

    def on_message_complete(self) -> None:
        if self._final and not self.done:
            self.done = self.whole = True
            self._lasting = bool(self._parser.should_keep_alive())  # the parser knows only here, before it starts anew
