"""Who a request says it is from: the parts of the Authorization header, and development's way of believing them."""

from __future__ import annotations

from functools import lru_cache

import msgspec


class Scope(msgspec.Struct, frozen=True):
    """The credential scope of a signature: `key/20261123/us-east-1/sqs/aws4_request`."""

    key: str
    date: str
    region: str
    service: str


def scope_of(authorization: bytes) -> Scope | None:
    """The scope in an Authorization header; None when there is none that can be read."""
    return _scope(_credential(authorization))


@lru_cache(maxsize=1024)  # a client sends the same one all day
def _scope(credential: bytes) -> Scope | None:
    parts = credential.decode("latin-1").rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        return None
    return Scope(parts[0], parts[1], parts[2], parts[3])


def _credential(authorization: bytes) -> bytes:
    start = authorization.find(b"Credential=")
    if start < 0:
        return b""
    end = authorization.find(b",", start)
    return authorization[start + 11 : end if end >= 0 else None].strip()


def _scope_of_all_regions(authorization: bytes) -> Scope | None:
    """As ``scope_of`` for Signature Version 4A, which SDKs use for global endpoints: it names no region."""
    parts = _credential(authorization).decode("latin-1").rsplit("/", 3)
    if not authorization.startswith(b"AWS4-ECDSA-P256-SHA256 ") or len(parts) != 4 or parts[3] != "aws4_request":
        return None
    return Scope(parts[0], parts[1], "", parts[2])


class DevAuthenticator:
    """For development: no signature is verified. Never serve with it beyond loopback.

    An access key id of twelve digits is the account, any other belongs to the default account; the region comes from
    the credential scope.
    """

    def __init__(self, default_account: str = "123456789012", default_region: str = "us-east-1") -> None:
        self._account = default_account
        self._region = default_region

    def authenticate(
        self, method: str, raw_path: bytes, raw_query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[str, str]:
        for name, value in headers:
            if name == b"authorization":
                scope = scope_of(value) or _scope_of_all_regions(value)
                if scope is not None:
                    return self._believe(scope)
        return self._account, self._region

    def _believe(self, scope: Scope) -> tuple[str, str]:
        key, region = scope.key, scope.region
        account = key if len(key) == 12 and key.isascii() and key.isdigit() else self._account
        # The region ends up in ARNs: nothing but letters, digits and hyphens may.
        return account, region if region.isascii() and region.replace("-", "").isalnum() else self._region
