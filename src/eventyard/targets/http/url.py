"""Which URLs can be called at all. Where they lead is the guard's question, asked at each call."""

from __future__ import annotations

from urllib.parse import urlsplit

from eventyard.errors import InvalidRequest


def check_url(parameter: str, url: str, wildcards: bool, plain: bool) -> None:
    """Raises InvalidRequest unless ``url`` is https with a host and without credentials; ``wildcards``: ``*`` may stand
    in its path. ``plain``: it may be http, which AWS never takes; but who hosts both ends may have none but a private
    network between them."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad(parameter, url, str(error)) from error
    if parts.scheme == "http" and not plain:
        raise _bad(parameter, url, "it must begin with https://; http:// needs a network opened with --allow-network")
    if parts.scheme not in ("http", "https"):
        raise _bad(parameter, url, "it must begin with https://")
    if not host or port == 0:
        raise _bad(parameter, url, "it names no host")
    if "@" in parts.netloc:
        raise _bad(parameter, url, "credentials belong into the connection")
    if parts.fragment:
        raise _bad(parameter, url, "a fragment is never sent")
    if "*" in (parts.netloc + parts.query if wildcards else url):
        raise _bad(parameter, url, "wildcards can stand in the path only" if wildcards else "it holds a wildcard")


def _bad(parameter: str, url: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"Parameter {parameter} is not valid. Reason: {url}: {why}.")
