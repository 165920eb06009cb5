"""A global endpoint as the user made it: a plain frozen record. Times are milliseconds since the epoch."""

from __future__ import annotations

import msgspec


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``id``: what PutEvents names it by. ``primary`` and ``secondary``: the ARNs of its buses; the primary one is in
    the endpoint's own region. ``health_check``: an ARN. ``replicated``: whether both get every event."""

    arn: str
    name: str
    id: str
    created: int
    modified: int
    primary: str
    secondary: str
    health_check: str
    replicated: bool = True
    role_arn: str | None = None
    description: str | None = None

    @property
    def url(self) -> str:
        """As the rules of AWS's SDKs make it from the id; this server answers under its own address."""
        return f"https://{self.id}.endpoint.events.amazonaws.com"


def endpoint_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:events:{region}:{account}:endpoint/{name}"
