"""What a provider of webhooks promises: to tell whether a request is really the provider's, and what it says.

The contract that every scheme under ``providers/``, and every plug-in of the entry point ``eventyard.providers``,
keeps, and ``exams/provider.py`` examines. A provider knows no buses and no events, does no I/O and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from eventyard.errors import Forbidden

Reason = Literal["header", "signature", "stale", "address", "body", "media"]
"""Why a request is refused: a header is missing or odd, the signature or token is wrong, it is too old or from the
future, it comes from a place that it must not come from, the body is not what the provider sends, or not in a form
(media type) that the provider sends."""


class Refused(Forbidden):
    """The request is not taken. ``message`` is for the owner of the webhook: it names headers and forms, and never
    quotes a secret, a signature or a body."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message, "WebhookRefused")
        self.reason = reason


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it arrived. ``url``: the whole address that the sender used, with its query. ``headers``: names in
    lower case, values as Latin-1 has them. ``peer``: the address of the other end of the connection, or empty."""

    method: str = "POST"
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    peer: str = ""

    def header(self, name: str) -> str | None:
        """The value, or None if there is none. Raises Refused if there are several: it would be chance which of them
        counts."""
        found = [value for each, value in self.headers if each == name]
        if len(found) > 1:
            raise Refused("header", f"There are {len(found)} headers {name}; there must be one.")
        return found[0] if found else None

    def need(self, name: str) -> str:
        """The value. Raises Refused if there is none, an empty one, or several."""
        found = self.header(name)
        if not found:
            raise Refused("header", f"There is no header {name}.")
        return found


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One event that a request tells of. ``type``: the provider's; empty if it doesn't say. ``payload``: the text of a
    JSON object, as it arrived wherever it arrived as one. ``keys``: names under which it is remembered; what has come
    under any of them before is a duplicate. One at least hangs on what is signed and on nothing else, or whoever has
    one request could send it again as something new. ``time``: ms since the epoch. ``source``: where the
    sender says it, and ``about``: what else it says of the event, by name."""

    type: str
    payload: bytes
    keys: tuple[str, ...]
    time: int | None = None
    source: str | None = None
    about: Mapping[str, str] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender is answered."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the provider might send, without its signature."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)


class Provider(Protocol):
    """One scheme, with its options.

    ``source``: the source of its events unless another is wanted. ``methods``: of HTTP, that it takes. ``kept``:
    headers that are worth keeping. ``secret_headers``: headers that must not be kept, for they hold secrets.
    ``thanks``: the answer to what was taken, where the provider reads it; None for ours."""

    source: str
    methods: frozenset[str]
    kept: tuple[str, ...]
    secret_headers: frozenset[str]
    thanks: Answer | None

    def check_secret(self, secret: str) -> None:
        """Return if ``secret`` can be one. Raises InvalidRequest, which says why not, and not what it is."""
        ...

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        """What arrived, or the answer to a request that tells of nothing; only if it was made with one of ``secrets``
        and, where the scheme has a time, within its tolerance of ``now`` (ms). Compares in constant time. Raises
        Refused, and nothing else, whatever the request holds."""
        ...

    def sign(self, request: Request, secret: str, now: int) -> Request:
        """``request`` as the provider sends it: with its signature by ``secret``, made ``now`` (ms)."""
        ...

    def sample(self) -> Sample:
        """A request for trying out."""
        ...


Make = Callable[[Mapping[str, Any], int], Provider]
"""``make(options, tolerance)``: the provider with the user's options, and how many ms a time may differ from now.
Raises InvalidRequest for options that are not known, or not right."""
