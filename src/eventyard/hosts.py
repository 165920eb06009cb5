"""The names by which a server may be addressed.

A server on loopback that wants no signatures is reached by every page in the browser of whoever runs it. Pages of
other sites can't read its answers, unless they give its address a name of their own (DNS rebinding): so it answers to
no name but its own. An address is no such name: a page that was loaded from one came from there."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Hosts(msgspec.Struct, frozen=True):
    """``names``: None for any."""

    names: frozenset[str] | None = None

    @classmethod
    def on_loopback(cls, *more: str) -> Hosts:
        return cls(frozenset((*LOOPBACK, *more)))

    def has(self, header: str) -> bool:
        """Whether ``header``, a request's ``Host``, is one of the names, with any port. Names under ``localhost`` are
        loopback's (RFC 6761, 6.3), and so are its addresses."""
        if self.names is None:
            return True
        try:
            name = (urlsplit(f"//{header}").hostname or "").removesuffix(".")
        except ValueError:
            return False
        return name in self.names or name.endswith(".localhost") or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
