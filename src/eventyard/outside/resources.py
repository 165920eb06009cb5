"""Targets outside as their owners made them: plain frozen records, and their ARNs."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.names import Arn

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}", re.ASCII)


class Named(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A target outside. ``shown``: its settings without credentials; ``hidden``: the names of the
    credentials it has; ``sealed``: the credentials, encrypted.
    ``version`` rises with each change. Times are milliseconds since the epoch."""

    arn: str
    name: str
    kind: str
    shown: dict[str, Any]
    hidden: tuple[str, ...]
    sealed: bytes
    created: int
    modified: int
    version: int = 1

    @property
    def label(self) -> str:
        """What its credentials are sealed under."""
        return f"{self.arn} {self.version}"

    @property
    def account(self) -> str:
        """Whose it is."""
        return account_of(self.arn)


def target_arn(account: str, region: str, name: str) -> str:
    """Raises InvalidRequest for what can't be a name."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"A target's name is up to 64 letters, digits, dots, hyphens and underscores, not {name!r}."
        )
    return f"arn:aws:events:{region}:{account}:target/{name}"


def account_of(arn: str) -> str:
    """The account in an ARN; empty without one."""
    parsed = Arn.parse(arn)
    return "" if parsed is None else parsed.account
