"""Keeps other sites' pages out: who browses on the machine of a server that wants no signatures is not who asks it.

It judges names and origins only; who signed a request is the affair of an :class:`Authenticator`."""

from __future__ import annotations

from urllib.parse import urlsplit

from eventyard.errors import Forbidden
from eventyard.hosts import Hosts
from eventyard.text import printable
from eventyard.wire.http import Scope

#: Pages that probes and Prometheus ask for under any name; they tell no more than numbers, and change nothing.
_OPEN = frozenset({"/healthz", "/readyz", "/metrics"})
#: Names with their ports that were found good and are kept, at most.
_MOST_KNOWN = 100


class Guard:
    """``hosts``: names by which this server may be addressed; any, where everybody has to sign."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._known: set[bytes] = set()

    def check(self, scope: Scope, headers: dict[bytes, bytes], page: bool = False) -> None:
        """Raises Forbidden for a request that a page of another site may have sent.

        A browser names the site in ``Origin`` (RFC 6454, 7.3) and how near it is in ``Sec-Fetch-Site`` (W3C, Fetch
        Metadata); a name of the site's own that leads here (DNS rebinding) is none of this server's. ``page``: a link
        may lead here from anywhere, as it is only shown."""
        if scope["path"] in _OPEN:
            return
        host = headers.get(b"host", b"")
        if host not in self._known:
            self._check_host(host)
        origin = headers.get(b"origin")
        near = headers.get(b"sec-fetch-site")
        if origin is None and near is None:
            return
        if self._hosts.names is None and _is_signed(scope, headers):
            return
        if origin is not None and _netloc(origin) != host.decode("latin-1").lower():
            raise _foreign(origin.decode("latin-1"))
        if near is None or near in (b"same-origin", b"none"):
            return
        if not (page and scope["method"] == "GET" and headers.get(b"sec-fetch-mode") == b"navigate"):
            raise _foreign("another site")

    def _check_host(self, host: bytes) -> None:
        name = host.decode("latin-1")
        if not self._hosts.has(name):
            raise Forbidden(
                f"{printable(name[:200])!r} is not a name of this server; --host-name gives it one.",
                "MisdirectedRequest",
            )
        if len(self._known) < _MOST_KNOWN:
            self._known.add(host)


def _is_signed(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether it claims to be; the authenticator refuses what only claims so."""
    return b"authorization" in headers or b"X-Amz-Signature=" in scope["query_string"]


def _netloc(origin: bytes) -> str | None:
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower()
    except ValueError:
        return None


def _foreign(origin: str) -> Forbidden:
    return Forbidden(f"Pages of {printable(origin[:200])} may not use this server.", "CrossSiteRequest")
