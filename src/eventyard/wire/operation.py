"""What the rooms behind the wire hand in: operations of AWS services as doors, pages of the platform as routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """Who asks, and under which address they reached this server."""

    account: str  #: twelve digits
    region: str
    request_id: str  #: the id in the answer's x-amzn-RequestId
    endpoint: str  #: "http://127.0.0.1:4010", from the Host header: what queue URLs start with
    address: str = ""  #: the IP address that the request came from; empty for calls from inside
    secure: bool = True  #: whether nobody on a network could have read it


#: Params and result in botocore's Python shapes: member names, timestamps as datetime or epoch seconds, blobs as bytes.
#: Timestamps in params are datetimes with UTC as their zone. Members of the result that are None are left out.
#: A stream of events is an async iterator of (name of the event, its members).
Handler = Callable[[Caller, dict[str, Any]], Awaitable[dict[str, Any]]]

#: JSON body in, JSON body out. None means "use the general way", which gives AWS's exact error texts. An awaitable has
#: to wait for its body; it is cancelled when the client goes away meanwhile.
FastHandler = Callable[[Caller, bytes], Awaitable[bytes | Awaitable[bytes] | None]]


class Door(msgspec.Struct, frozen=True):
    """The operations of one AWS service that this server answers.

    A ``fast`` operation must be in ``operations`` as well, because the general way is what answers a wrong request.
    The handlers of ``waits`` (long polls) are cancelled when their client goes away before the answer. Those of
    ``open`` may be asked without a signature, over the query protocol, because their parameters prove enough; the
    caller then has no account and no region (empty texts).
    """

    service: str  #: botocore's service name: "events", "sqs", "sts"
    operations: Mapping[str, Handler]
    fast: Mapping[str, FastHandler] = {}
    waits: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()


class HttpRequest(msgspec.Struct, frozen=True):
    """A plain HTTP request to a route."""

    method: str
    path: str  #: decoded
    query: dict[str, str] = {}  #: of a repeated name the last value
    headers: dict[str, str] = {}  #: names in lower case
    body: bytes = b""
    caller: Caller | None = None  #: who signed it; None on a route that needs no signature


class HttpResponse(msgspec.Struct, frozen=True):
    """The answer of a route; a body that is an iterator is streamed, and closed when the client goes away."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes | AsyncIterator[bytes] = b""


class Route(msgspec.Struct, frozen=True):
    """A page of the platform itself. One that is ``signed`` is only shown to those who sign their requests; what of it
    they may see is the page's own business."""

    method: str
    path: str  #: an exact path, or a prefix ending in "/*"
    handle: Callable[[HttpRequest], Awaitable[HttpResponse]]
    signed: bool = False


class Authenticator(Protocol):
    """Tells who signed a request."""

    def authenticate(
        self, method: str, raw_path: bytes, raw_query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[str, str]:
        """Account and region of the caller.

        All arguments are as they arrived: nothing decoded, header names in lower case.

        Raises:
            Forbidden: no signature where one is needed, or a wrong one.
        """
        ...
