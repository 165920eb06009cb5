"""A small HTTP server that takes PutEvents and answers as a script says: the other side of the wire, misbehaving at
will."""

from __future__ import annotations

import json
import ssl
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Entry = dict[str, Any]
Script = Callable[[list[Entry]], Any]
"""Given the entries of a request: results, as :func:`taken` and :func:`refused` make them; or :class:`Answer`; or None
to cut the connection."""


def taken() -> dict[str, str]:
    return {"EventId": str(uuid.uuid4())}


def refused(code: str, message: str = "No.") -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": message}


class Answer:
    """A whole answer with a ``status`` and a ``code``."""

    def __init__(self, status: int, code: str, message: str = "No.", headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.body = json.dumps({"__type": code, "message": message}).encode()
        self.headers = headers or {}


class Peer:
    """``requests``: the entries of each request, in the order in which they came. ``accepted``: the details that were
    taken."""

    def __init__(self, script: Script | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.script: Script = script or (lambda entries: [taken() for _ in entries])
        self.requests: list[list[Entry]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.accepted: list[Any] = []
        self.open = self.most_open = 0
        self._lock = threading.Condition()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                peer.serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'' if tls is None else 's'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, requests: int) -> None:
        """Return when so many have come."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.requests) >= requests, 20), "waited in vain"

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        entries = json.loads(request.rfile.read(int(request.headers["Content-Length"])))["Entries"]
        with self._lock:
            self.requests.append(entries)
            self.headers.append(dict(request.headers.items()))
            self.paths.append(request.path)
            self._lock.notify_all()
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            answer = self.script(entries)
        finally:
            with self._lock:
                self.open -= 1
        if answer is None:
            request.close_connection = True
            return
        if isinstance(answer, Answer):
            status, body, headers = answer.status, answer.body, answer.headers
        else:
            status, headers = 200, {}
            body = json.dumps({"FailedEntryCount": sum("ErrorCode" in e for e in answer), "Entries": answer}).encode()
            with self._lock:
                self.accepted += [
                    json.loads(entry["Detail"])
                    for entry, result in zip(entries, answer, strict=False)
                    if "EventId" in result
                ]
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)
