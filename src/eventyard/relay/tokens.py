"""Tokens: who a connection belongs to, where requests must be signed. Good for minutes, and for this process only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from eventyard.clock import Clock
from eventyard.errors import Forbidden

LIFE = 300
"""Seconds."""


class Tokens:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def make(self, account: str, region: str) -> tuple[str, int]:
        """A token for the buses of ``account``, and when it ends (ms since the epoch)."""
        until = self._clock.now() + LIFE * 1000
        said = f"{account} {region} {until}".encode()
        return base64.urlsafe_b64encode(self._sign(said) + said).decode(), until

    def read(self, token: str) -> tuple[str, str]:
        """Account and region. Raises Forbidden for a token that isn't one, or isn't any more."""
        try:
            text = base64.urlsafe_b64decode(token.encode("ascii", "replace"))
        except (binascii.Error, ValueError):
            text = b""
        mark, said = text[:32], text[32:]
        if not hmac.compare_digest(mark, self._sign(said)):
            raise Forbidden("The token is not one of this server's. Get one by POST /_eventyard/relay/token.")
        account, region, until = said.decode().split(" ")
        if int(until) < self._clock.now():
            raise Forbidden("The token has expired. Get another by POST /_eventyard/relay/token.", "ExpiredToken")
        return account, region

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, hashlib.sha256)
