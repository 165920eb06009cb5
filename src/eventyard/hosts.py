"""The names by which a server may be addressed.

A server on loopback that wants no signatures is reached by every page in the browser of whoever runs it. Pages of
other sites can't read its answers, unless they give its address a name of their own (DNS rebinding): so it answers to
no name but its own."""

from __future__ import annotations

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
        """Whether ``header``, a request's ``Host``, is one of the names, with any port."""
        if self.names is None:
            return True
        try:
            return urlsplit(f"//{header}").hostname in self.names
        except ValueError:
            return False
