"""Connections and API destinations as the user made them: plain frozen records. Times are milliseconds since the
epoch."""

from __future__ import annotations

from typing import Any

import msgspec

BASIC, API_KEY, OAUTH = "BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"
#: AWS's default, and its quota (user guide, "Amazon EventBridge quotas").
DEFAULT_RATE = 300


class Connection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A connection. ``shown``: AWS's AuthParameters without the secrets; ``sealed``: all of them, encrypted, or empty
    after the user took the authorisation away. ``version`` rises with each change of the credentials."""

    arn: str
    name: str
    created: int
    modified: int
    kind: str
    state: str
    secret_arn: str
    shown: dict[str, Any]
    sealed: bytes
    version: int = 1
    authorized: int | None = None
    reason: str | None = None
    description: str | None = None

    @property
    def label(self) -> str:
        """What its secret is sealed under."""
        return f"{self.arn} {self.version}"


class ApiDestination(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An API destination. ``connection``: the ARN of its connection."""

    arn: str
    name: str
    created: int
    modified: int
    connection: str
    url: str
    method: str
    rate: int = DEFAULT_RATE
    description: str | None = None


def connection_arn(account: str, region: str, name: str, suffix: str) -> str:
    return f"arn:aws:events:{region}:{account}:connection/{name}/{suffix}"


def api_destination_arn(account: str, region: str, name: str, suffix: str) -> str:
    return f"arn:aws:events:{region}:{account}:api-destination/{name}/{suffix}"


def secret_arn(account: str, region: str, name: str, suffix: str) -> str:
    """In AWS's form; there is no such secret anywhere, because secrets stay here."""
    return f"arn:aws:secretsmanager:{region}:{account}:secret:events!connection/{name}/{suffix}"


def home_of(arn: str) -> str:
    """The ARN without its last part, the random suffix: what is unique by name."""
    return arn.rpartition("/")[0]
