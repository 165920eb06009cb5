"""What HTTP delivery needs to know of an API destination, and what it tells back. Keeps nothing, calls nobody."""

from __future__ import annotations

from typing import Protocol

import msgspec

Pairs = tuple[tuple[str, str], ...]


class Extra(msgspec.Struct, frozen=True):
    """Headers, query and body parameters that are added to requests, by name."""

    headers: Pairs = ()
    query: Pairs = ()
    body: Pairs = ()


class Basic(msgspec.Struct, frozen=True):
    """HTTP Basic authentication (RFC 7617)."""

    username: str
    password: str


class ApiKey(msgspec.Struct, frozen=True):
    """A header of the user's choice."""

    name: str
    value: str


class OAuth(msgspec.Struct, frozen=True):
    """The client credentials grant (RFC 6749, 4.4). ``extra``: what the token request carries besides."""

    client_id: str
    client_secret: str
    endpoint: str
    method: str
    extra: Extra = Extra()


Authorization = Basic | ApiKey | OAuth


class Access(msgspec.Struct, frozen=True):
    """How requests over a connection are authorised. ``version``: changes with the credentials, so that what was
    derived from earlier ones (a token) is not used on. ``secrets``: texts that must not be shown to anybody."""

    connection: str
    version: int
    authorization: Authorization
    extra: Extra = Extra()
    secrets: tuple[str, ...] = ()


class Destination(msgspec.Struct, frozen=True):
    """An API destination. ``url`` may hold ``*`` where path parameters go. ``rate``: calls a second.

    ``access``: None where the connection can't be used now; ``reason`` says why."""

    arn: str
    url: str
    method: str
    rate: int
    access: Access | None
    reason: str = ""


class Destinations(Protocol):
    """Where API destinations are kept."""

    def destination(self, arn: str) -> Destination | None:
        """The destination with this ARN as it is now, or None."""
        ...

    async def authorized(self, access: Access, failure: str | None) -> None:
        """The credentials of ``access`` were accepted, or refused for the reason ``failure``. Cheap when that is not
        news. Does nothing if the connection has changed since."""
        ...
