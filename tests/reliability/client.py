"""A lean keep-alive client of AWS's JSON and REST protocols: load costs little, and a cut connection is seen at once.

It knows neither botocore nor Eventyard, never sends a request twice, and signs nothing (its credential only says who
asks).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

ACCOUNT, REGION = "123456789012", "eu-west-1"
PREFIXES = {"events": "AWSEvents", "sqs": "AmazonSQS"}
VERSIONS = {"events": "1.1", "sqs": "1.0"}


class Refused(Exception):
    """The server answered a call with an error. ``code``: AWS's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code = status, code


def raw_request(service: str, operation: str, body: bytes) -> bytes:
    """The bytes of one POST in AWS's JSON protocol, ready to be sent any number of times."""
    kind, target = f"application/x-amz-json-{VERSIONS[service]}", f"{PREFIXES[service]}.{operation}"
    return _request("POST", "/", service, f"Content-Type: {kind}\r\nX-Amz-Target: {target}\r\n", body)


def _request(method: str, path: str, service: str, headers: str, body: bytes) -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}X-Amz-Date: 20261123T000000Z\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={ACCOUNT}/20261123/{REGION}/{service}/aws4_request, "
        f"SignedHeaders=host;x-amz-date;x-amz-target, Signature={'0' * 64}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Exchange(asyncio.Protocol):
    """One connection on which one answer at a time is awaited."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.received = self.received + data if self.received else data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.received[: end + 2].lower()
        at = head.find(b"\r\ncontent-length:")
        length = int(head[at + 17 : head.index(b"\r\n", at + 17)]) if at >= 0 else 0
        if len(self.received) < end + 4 + length:
            return
        body, self.received = self.received[end + 4 : end + 4 + length], b""
        if self.answer and not self.answer.done():
            self.answer.set_result((int(head[9:12]), body))
        if b"\r\nconnection: close" in head or head.startswith(b"http/1.0"):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.answer and not self.answer.done():
            self.answer.set_exception(ConnectionResetError("the server went away before it answered"))

    def close(self) -> None:
        if self.transport:
            self.transport.close()
            self.transport = None


class Client:
    """One keep-alive connection, opened when needed. Not for two tasks at once."""

    def __init__(self, port: int, timeout: float = 20) -> None:
        self.port, self.timeout = port, timeout
        self._exchange: _Exchange | None = None

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Send ready bytes once; answers (status, body).

        Raises:
            OSError: the server is not there, went away, or took too long (then nobody knows what became of it).
        """
        try:
            async with asyncio.timeout(self.timeout):  # connecting included
                exchange = self._exchange
                if exchange is None or exchange.transport is None:
                    loop = asyncio.get_running_loop()
                    _, exchange = await loop.create_connection(_Exchange, "127.0.0.1", self.port)
                    self._exchange = exchange
                assert exchange.transport
                exchange.answer = asyncio.get_running_loop().create_future()
                exchange.transport.write(request)
                return await exchange.answer
        except TimeoutError as error:
            self.close()
            raise TimeoutError(f"the server did not answer within {self.timeout:g} s") from error
        except BaseException:
            self.close()
            raise

    async def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Call one operation with its members as keywords."""
        return await self._result(raw_request(service, operation, json.dumps(params).encode()))

    async def rest(self, service: str, method: str, path: str, params: dict[str, Any]) -> dict[str, Any]:
        """Call an operation of the REST protocol: ``params`` are the members that go into the body."""
        body = json.dumps(params).encode()
        return await self._result(_request(method, path, service, "Content-Type: application/json\r\n", body))

    async def _result(self, request: bytes) -> dict[str, Any]:
        status, body = await self.send(request)
        result: dict[str, Any] = json.loads(body) if body else {}
        if status != 200:
            code = str(result.get("__type", "")).rpartition("#")[2]
            raise Refused(status, code, str(result.get("message") or result.get("Message")))
        return result

    async def ready(self, path: str = "/readyz") -> bool:
        """Does a GET of ``path`` answer 200?"""
        try:
            status, _ = await self.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        except OSError:
            return False
        finally:
            self.close()  # the page's body may come in chunks, which this client does not read
        return status == 200

    def close(self) -> None:
        if self._exchange:
            self._exchange.close()
            self._exchange = None
