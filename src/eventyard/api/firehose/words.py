"""How requests are refused."""

from __future__ import annotations

from eventyard.errors import Unsupported

BAD = "InvalidArgumentException"


def unsupported(what: str) -> Unsupported:
    return Unsupported(f"{what} is not supported by this server.")
