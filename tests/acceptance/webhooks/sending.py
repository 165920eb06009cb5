"""A sender of webhooks: signs as a provider does and posts over HTTP, or byte by byte over a socket."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from eventyard.provider import Provider, Request
from eventyard.providers import find

SECRET, OTHER = "whsec_of_the_first_kind", "whsec_of_another_kind"


class Reply:
    """What the server answers."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, answer.read())
    finally:
        connection.close()


def page(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> Reply:
    """A page of the platform."""
    return ask(url, method, f"/_eventyard/{path}", None if body is None else json.dumps(body).encode())


def add(server: str, name: str, provider: str = "stripe", **more: Any) -> dict[str, Any]:
    """Make a webhook; answers how it is shown."""
    made = page(server, "PUT", f"webhooks/{name}", {"provider": provider, "secrets": [SECRET], **more})
    assert made.status == 200, made.body
    shown: dict[str, Any] = made.json
    return shown


def send(
    url: str,
    name: str,
    provider: str = "stripe",
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    secret: str = SECRET,
    options: dict[str, Any] | None = None,
    at: float | None = None,
) -> Reply:
    """Post to a webhook, signed by ``secret``, as if it were ``at`` (seconds since the epoch)."""
    signer: Provider = find(provider)(options or {}, 300_000)
    sample = signer.sample()
    named = {**dict(sample.headers), **(headers or {})}
    plain = Request(
        url=f"{url}/webhooks/{name}", headers=tuple(named.items()), body=sample.body if body is None else body
    )
    made = signer.sign(plain, secret, int((time.time() if at is None else at) * 1000))
    return ask(url, "POST", made.url.removeprefix(url), made.body, dict(made.headers))


def event(id: str, type: str = "charge.succeeded", **more: Any) -> bytes:
    """An event as Stripe has them."""
    return json.dumps({"id": id, "object": "event", "type": type, "created": 1_686_089_970, **more}).encode()


def raw(url: str, data: bytes) -> bytes:
    """All that the server answers to ``data``, until it closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while part := connection.recv(65_536):
            found += part
    return found


def on_bus(url: str, bus: str = "default") -> list[dict[str, Any]]:
    """The events that a bus has, the oldest first."""
    found = page(url, "GET", f"events?bus={bus}&limit=1000")
    return [json.loads(line)["event"] for line in found.body.splitlines() if line.strip()]
