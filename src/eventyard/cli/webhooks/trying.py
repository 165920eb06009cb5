"""``eventyard webhooks test``: post a signed sample to a webhook, as its provider would."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.webhooks.options import PAGE, Name
from eventyard.errors import InvalidRequest, TryAgain

_TIMEOUT = 30


def try_out(
    name: Name,
    body: Annotated[Path | None, typer.Option(help="File with the body, instead of the provider's sample.")] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A header, instead of the sample's; several times.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Where to post to, if not to the server itself.")] = None,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Post a sample, signed by the webhook's own newest secret, and tell what is answered.

    The same sample again is a duplicate, as the provider's would be. Ends with status 1 unless it was taken."""
    from eventyard.cli.pages import ask

    to = url or f"{endpoint.rstrip('/')}/webhooks/{name}"
    asked: dict[str, object] = {"url": to, "headers": dict(_pair(each) for each in header or [])}
    if body is not None:
        try:
            asked["body"] = body.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"{body} can't be read: {error}.") from error
    made = ask(endpoint, "POST", f"{PAGE}/{name}/sample", body=asked)
    status, text = _post(f"{to}?{made['query']}" if made["query"] else to, made["body"], made["headers"])
    typer.echo(f"{status} {text[:2000]}")
    raise typer.Exit(0 if 200 <= status < 300 else 1)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidRequest(f"A header is NAME=VALUE, not {text!r}.")
    return name, value


def _post(url: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise InvalidRequest(f"{url!r} is no URL to post to.")
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(host, port, timeout=_TIMEOUT)
    try:
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        connection.request("POST", path, body.encode(), headers)
        answer = connection.getresponse()
        return answer.status, answer.read(65_536).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise TryAgain(f"Nobody answers at {url}: {error}.") from error
    finally:
        connection.close()
