"""The server's own pages (``/_eventyard/*``), asked with a signature, which a server without credentials ignores."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from eventyard.cli.identity import identity
from eventyard.cli.options import LOCAL
from eventyard.errors import Conflict, EventyardError, InvalidRequest, NotFound, TryAgain

_SERVICE = "eventyard"


@contextlib.contextmanager
def get(endpoint: str, page: str, query: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
    """The answer of ``page``, to be read in the block. Raises as :func:`post` does."""
    with _asking(endpoint, "GET", f"{page}?{urlencode(query)}", None) as answer:
        yield answer


def ask(
    endpoint: str,
    method: str,
    page: str,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] = {},
) -> dict[str, Any]:
    """The JSON that ``page`` answers. Raises as :func:`post` does, and Conflict where something was changed
    meanwhile."""
    path = f"{page}?{urlencode(query)}" if query else page
    with _asking(endpoint, method, path, None if body is None else msgspec.json.encode(body), headers) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def post(endpoint: str, page: str, body: dict[str, Any]) -> dict[str, Any]:
    """The JSON that ``page`` answers. Raises InvalidRequest or NotFound with the server's words, TryAgain if nobody
    answers."""
    return ask(endpoint, "POST", page, body=body)


@contextlib.contextmanager
def _asking(
    endpoint: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str] = {}
) -> Iterator[http.client.HTTPResponse]:
    connection = _connection(endpoint)
    try:
        try:
            signed = _signed(method, endpoint.rstrip("/") + path, body)
            connection.request(method, path, body, {**headers, **signed})
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise TryAgain(
                f"No server at {endpoint}. Start one with `eventyard dev`, or name it with --endpoint."
            ) from error
        if answer.status not in (200, 201):
            raise _refusal(answer.status, answer.read(), endpoint)
        yield answer
    finally:
        connection.close()


def _signed(method: str, url: str, body: bytes | None) -> dict[str, str]:
    """The headers of a signed request."""
    # Imported here, because whatever doesn't ask a server shouldn't wait for it.
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method=method, url=url, data=body)
    own = identity()
    SigV4Auth(Credentials(own.key, own.secret), _SERVICE, own.region).add_auth(request)
    return dict(request.headers.items())


def _connection(endpoint: str) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise InvalidRequest(f"{endpoint!r} is not a server's URL. It looks like {LOCAL}.")
    return (http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection)(host, port)


def _refusal(status: int, body: bytes, endpoint: str) -> EventyardError:
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    if isinstance(fields, dict) and {"code", "message"} <= fields.keys():
        message = str(fields["message"])
        if status >= 500:
            return TryAgain(message)
        if status == 409:
            return Conflict(message)
        return NotFound(message) if status == 404 else InvalidRequest(message)
    if status >= 500:
        return TryAgain(f"{endpoint} answers with status {status}. See the server's log.")
    return InvalidRequest(f"{endpoint} has no such page: it is no Eventyard server, or one of another version.")
