"""uvicorn's connection, which can also take an answer whole: then head and body are one write to the socket.

ASGI has an answer in two messages, which uvicorn writes each by itself. That is two system calls, and two packets that
wake the client, for answers of a few hundred bytes. All the rest is uvicorn's.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from eventyard.wire import WHOLE, Headers


class Connection(HttpToolsProtocol):
    """Should a release of uvicorn start requests in another way, they are answered in ASGI's."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        extended: dict[str, Any] = {WHOLE: partial(_answer, cycle)}
        cycle.scope["extensions"] = extended
        super()._start_asgi_task(cycle, app)


def _answer(cycle: RequestResponseCycle, status: int, headers: Headers, body: bytes) -> bool:
    """Send all of an answer; False, with nothing sent, where ASGI's way has to be gone."""
    if cycle.disconnected or cycle.response_started or cycle.flow.write_paused or cycle.scope["method"] == "HEAD":
        return False
    lines = [STATUS_LINE[status]]
    for name, value in cycle.default_headers:
        lines += (name, b": ", value, b"\r\n")
    for name, value in headers:
        lines += (name, b": ", value, b"\r\n")
    lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    head = b"".join(lines)
    if head.count(b"\n") != len(cycle.default_headers) + len(headers) + (2 if cycle.keep_alive else 3):
        return False  # a line break in a header: uvicorn refuses to send that
    cycle.waiting_for_100_continue = False
    cycle.response_started = cycle.response_complete = True
    cycle.transport.writelines((head, body))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True
