"""Events to a URL over plain HTTP, one POST each, from where the command runs."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from eventyard.errors import InvalidRequest

_TIMEOUT = 10
_MOST = 65_536


class Posting:
    """``url``: http or https. A redirect counts as a failure; it is not followed."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = None
        if host is None or parts.scheme not in ("http", "https"):
            raise InvalidRequest(f"{url!r} is no URL to post to. It looks like http://localhost:9000/events.")
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = make(host, port, timeout=_TIMEOUT)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def __enter__(self) -> Posting:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def deliver(self, texts: Sequence[str]) -> Counter[str]:
        """How many were ``posted``, and how many failed by the reason."""
        return Counter(self._post(text) for text in texts)

    def _post(self, text: str) -> str:
        try:
            self._connection.request("POST", self._path, text.encode(), {"content-type": "application/json"})
            answer = self._connection.getresponse()
            answer.read(_MOST)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return str(error) or type(error).__name__
        if not answer.isclosed() or answer.will_close:
            self._connection.close()
        return "posted" if 200 <= answer.status < 300 else f"status {answer.status}"
