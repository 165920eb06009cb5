"""A webhook as its owner made it: plain frozen records. Times are milliseconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Secret(msgspec.Struct, frozen=True, omit_defaults=True):
    """One secret. ``expires``: from when on it is not valid any more."""

    value: str
    added: int
    expires: int | None = None

    def __repr__(self) -> str:
        return f"Secret(added={self.added}, expires={self.expires})"

    def holds(self, now: int) -> bool:
        return self.expires is None or now < self.expires


class Webhook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``bus``: the ARN of the bus that its events go to. ``source``: theirs; empty is the provider's. ``detail_type``:
    a template with ``{type}``. ``partner``: the name of a partner event source to publish through, instead of ``bus``
    and ``source``. ``headers``: that are kept; None is those of the provider. ``tolerance``, ``window``: seconds that a
    time may differ, and that deliveries are remembered. ``rate``, ``burst``: requests in a second, and at once.
    ``body_limit``: bytes. ``archive``: whether raw bodies are kept, ``archive_days`` long. ``url``: the address that
    the sender was given, where it is not the one that requests seem to come to. ``sealed``: the secrets. ``version``
    rises with each change of them."""

    name: str
    account: str
    region: str
    provider: str
    created: int
    modified: int
    sealed: bytes
    version: int = 1
    options: Mapping[str, Any] = {}
    bus: str = ""
    source: str = ""
    detail_type: str = "{type}"
    partner: str = ""
    headers: tuple[str, ...] | None = None
    tolerance: int = 300
    window: int = 345_600
    rate: float = 100
    burst: int = 200
    body_limit: int = 1 << 20
    archive: bool = False
    archive_days: int = 7
    url: str = ""
    description: str = ""

    @property
    def arn(self) -> str:
        return webhook_arn(self.account, self.region, self.name)

    @property
    def label(self) -> str:
        """What its secrets are sealed under."""
        return f"{self.arn} {self.version}"


def webhook_arn(account: str, region: str, name: str) -> str:
    """AWS has no such resource; the form is its own."""
    return f"arn:aws:eventyard:{region}:{account}:webhook/{name}"
