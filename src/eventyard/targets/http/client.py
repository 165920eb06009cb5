"""A small HTTP/1.1 client for deliveries: keep-alive, one deadline for everything, bounded reading.

It never follows a redirect, never decompresses, takes no proxy from the environment, and connects only to addresses
that the guard has judged.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Forbidden
from eventyard.targets.http.answer import BODY, Answer, BadAnswer, Reader
from eventyard.targets.http.guard import Guard

_CHUNK = 16 << 10
_IDLE = 30_000
_IDLE_EACH = 16
_IDLE_ALL = 512


class Call(msgspec.Struct, frozen=True):
    """A request. ``headers``: without Host, Content-Length and Connection, which the client sets."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes | None


class Unreachable(Exception):
    """No whole answer came: no address, no connection, a reset, something that is not HTTP."""


class _Line:
    """A connection to ``address``, open."""

    def __init__(self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.address = address
        self.reader = reader
        self.writer = writer
        self.idle_since = 0

    @property
    def usable(self) -> bool:
        return not (self.reader.at_eof() or self.writer.is_closing() or self.reader.exception() is not None)

    def close(self) -> None:
        transport = self.writer.transport
        # Not a graceful close: whoever streams without end would hold the connection open.
        transport.abort()


class Client:
    """Sends calls. Raises TimeoutError, Unreachable and Forbidden (by the guard); any status is an answer.

    ``plain``: whether plain HTTP may go everywhere, not only to networks that the operator opened. ``most``: bytes that
    are read of an answer's body."""

    def __init__(
        self, guard: Guard, clock: Clock, tls: ssl.SSLContext | None = None, plain: bool = True, most: int = BODY
    ) -> None:
        self._most = most
        self._guard = guard
        self._plain = plain
        self._clock = clock
        self._tls = tls
        self._idle: dict[tuple[str, str, int], list[_Line]] = {}
        self._idle_count = 0

    def close(self) -> None:
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()
        self._idle_count = 0
        self._guard.close()

    async def send(self, call: Call, seconds: float) -> Answer:
        """The answer to ``call``, all of it or its first bytes, within ``seconds`` from now."""
        parts = urlsplit(call.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        origin = (parts.scheme, host, port)
        message = _message(call, parts)
        async with asyncio.timeout(seconds):
            line = self._take(origin)
            if line is not None:
                try:
                    return await self._talk(origin, line, message, call.method)
                except _Stale:
                    pass  # it was closed while it lay idle, and nothing of the answer had come
            line = await self._connect(origin)
            try:
                return await self._talk(origin, line, message, call.method)
            except _Stale as error:
                raise Unreachable(str(error)) from error

    async def _talk(self, origin: tuple[str, str, int], line: _Line, message: bytes, method: str) -> Answer:
        reader = Reader(method == "HEAD", self._most)
        keep = False
        try:
            line.writer.write(message)
            await line.writer.drain()
            while not reader.done:
                data = await line.reader.read(_CHUNK)
                if not data:
                    if not reader.begun:
                        raise _Stale("the connection was closed without an answer")
                    reader.end()
                    break
                reader.feed(data)
            keep = reader.reusable
            return reader.answer()
        except OSError as error:
            if not reader.begun:
                raise _Stale(f"the connection broke: {error.strerror or error}") from error
            raise Unreachable(f"the connection broke: {error.strerror or error}") from error
        except BadAnswer as error:
            raise Unreachable(str(error)) from error
        finally:
            if keep:
                self._put(origin, line)
            else:
                line.close()

    async def _connect(self, origin: tuple[str, str, int]) -> _Line:
        scheme, host, port = origin
        try:
            addresses = await self._guard.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"{host} can't be resolved: {error}") from error
        if scheme == "http" and not self._plain:
            addresses = [address for address in addresses if self._guard.opened(address)]
            if not addresses:
                raise Forbidden(f"plain HTTP to {host}, which is in no network opened with --allow-network; use HTTPS")
        why: OSError | None = None
        for address in addresses:
            try:
                reader, writer = await asyncio.open_connection(
                    address,
                    port,
                    ssl=self._context() if scheme == "https" else None,
                    server_hostname=host if scheme == "https" else None,
                    limit=_CHUNK,
                )
            except OSError as error:  # TLS errors are OSErrors, too
                why = error
                continue
            return _Line(address, reader, writer)
        raise Unreachable(f"no connection to {host}:{port}: {(why and why.strerror) or why}") from why

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _take(self, origin: tuple[str, str, int]) -> _Line | None:
        """An idle connection to ``origin`` that is still open, to an address that may still be called."""
        lines = self._idle.get(origin)
        while lines:
            line = lines.pop()
            self._idle_count -= 1
            if not lines:
                del self._idle[origin]
            fresh = self._clock.now() - line.idle_since < _IDLE
            if fresh and line.usable and self._guard.judge(line.address) is None:
                return line
            line.close()
        return None

    def _put(self, origin: tuple[str, str, int], line: _Line) -> None:
        line.idle_since = self._clock.now()
        lines = self._idle.setdefault(origin, [])
        lines.append(line)
        self._idle_count += 1
        if len(lines) > _IDLE_EACH:
            lines.pop(0).close()
            self._idle_count -= 1
        if self._idle_count > _IDLE_ALL:
            oldest = next(iter(self._idle))
            for old in self._idle.pop(oldest):
                old.close()
                self._idle_count -= 1


class _Stale(Exception):
    """Closed before a byte of the answer came: on a connection that lay idle, the request may be sent again."""


def _message(call: Call, parts: SplitResult) -> bytes:
    """The request as it goes over the wire. Names and values were checked where they came in; a line break here would
    be a way to smuggle, so it is refused again."""
    host = parts.hostname or ""
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None:
        host = f"{host}:{parts.port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{call.method} {path} HTTP/1.1", f"Host: {host}"]
    lines.extend(f"{name}: {value}" for name, value in call.headers)
    if call.body is not None:
        lines.append(f"Content-Length: {len(call.body)}")
    lines.append("Connection: keep-alive")
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise Unreachable("a header or the address holds a line break")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (call.body or b"")
