"""HTTP endpoints on a loopback port that behave as badly as endpoints do, and remember what they were asked."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec

BOMB = gzip.compress(b"\0" * 20_000_000)


class Asked(msgspec.Struct, frozen=True):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Endpoints:
    """One server; the first part of the path says how it behaves. ``answers``: what to answer by path, called with the
    request: status, headers and body."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.answers: dict[str, Callable[[Asked], tuple[int, dict[str, str], bytes]]] = {}
        self._closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):  # closed before
            self._socket.shutdown(socket.SHUT_RDWR)  # or the thread in accept would keep it open
        self._socket.close()

    def at(self, path: str) -> list[Asked]:
        """What was asked of ``path``, whatever the query."""
        return [each for each in self.asked if each.path.partition("?")[0] == path]

    def wait(self, path: str, count: int = 1, seconds: float = 10) -> list[Asked]:
        until = time.monotonic() + seconds
        while len(self.at(path)) < count:
            assert time.monotonic() < until, f"{path} was asked {len(self.at(path))} times, not {count}"
            time.sleep(0.01)
        return self.at(path)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            while (asked := _read(line)) is not None:
                self.asked.append(asked)
                if not self._answer(line, asked):
                    return
        except OSError:
            pass  # the other side has gone, which is what some of the answers are for
        finally:
            line.close()

    def _answer(self, line: socket.socket, asked: Asked) -> bool:
        """Whether the connection stays open."""
        path = asked.path.partition("?")[0]
        if path in self.answers:
            status, headers, body = self.answers[path](asked)
            _send(line, status, headers, body)
            return True
        kind = path.split("/")[1]
        if kind == "hang":
            self._closing.wait(30)
        elif kind == "endless":
            line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not self._closing.is_set():
                line.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
        elif kind == "endless-headers":
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self._closing.is_set():
                line.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")
        elif kind == "drip":
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not self._closing.wait(0.3):
                line.sendall(b"x")
        elif kind == "reset":
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif kind == "half":
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        elif kind == "garbage":
            line.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        elif kind == "redirect":
            _send(line, 302, {"Location": f"{self.url}/followed"}, b"")
        elif kind == "metadata":
            _send(line, 302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b"")
        elif kind == "bomb":
            _send(line, 200, {"Content-Encoding": "gzip"}, BOMB)
        elif kind == "status":
            _send(line, int(path.split("/")[2]), {}, b"because")
            return True
        else:
            _send(line, 200, {}, b"ok")
            return True
        return False


def _send(line: socket.socket, status: int, headers: dict[str, str], body: bytes) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    line.sendall(f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _read(line: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = line.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += line.recv(65536)
    return Asked(method, path, headers, body)
