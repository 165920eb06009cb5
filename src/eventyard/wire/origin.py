"""Where a request comes from, as far as policies ask: the address, and whether anybody could listen on the way."""

from __future__ import annotations

from ipaddress import ip_address

from eventyard.wire.http import Scope


def origin_of(scope: Scope, headers: dict[bytes, bytes], proxied: bool) -> tuple[str, bool]:
    """The IP address (empty where it isn't known), and whether the request is safe from listeners.

    ``proxied``: all requests come through a proxy that has TLS and adds the address of who asks to X-Forwarded-For;
    only the last one there is the proxy's word. Else it is the connection, which is safe on this machine only."""
    if proxied:
        named = headers.get(b"x-forwarded-for", b"").rpartition(b",")[2].strip().decode("latin-1")
        return _address(named), True
    client = scope.get("client")
    address: str = client[0] if client else ""
    return address, address.startswith("127.") or address == "::1" or scope["scheme"] == "https"


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
