"""Who a test is to a server: AWS's own credentials, and requests signed with them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from functools import cached_property
from typing import Any

import msgspec

from eventyard.errors import Forbidden

_SERVICE, _PATIENCE = "eventyard", 10.0


class Identity(msgspec.Struct, frozen=True, dict=True):
    """``url``: the server's. ``account`` and ``region``: None for those of the credentials."""

    url: str
    account: str | None = None
    region: str | None = None

    @cached_property
    def _signing(self) -> tuple[Any, str]:
        # Imported late: it takes longer than most tests.
        from botocore.credentials import Credentials
        from botocore.session import get_session

        session = get_session()
        found = session.get_credentials() or Credentials("test", "test")
        return found, self.region or session.get_config_variable("region") or "us-east-1"

    def hello(self) -> dict[str, str]:
        """The account and region that are meant on a server that wants no proof: as with AWS's API, a key id of
        twelve digits is the account."""
        credentials, region = self._signing
        key = str(credentials.get_frozen_credentials().access_key)
        account = self.account or (key if len(key) == 12 and key.isdecimal() else None)
        return {"region": region} | ({"account": account} if account else {})

    def token(self) -> str:
        """What opens the relay. Raises Forbidden."""
        return str(self.ask("POST", "/_eventyard/relay/token")["token"])

    def ask(self, method: str, path: str) -> dict[str, Any]:
        """What the server's page answers. Raises Forbidden where it does not, and OSError where nobody does."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        credentials, region = self._signing
        url = self.url.rstrip("/") + path
        request = AWSRequest(method, url, data=b"", headers={"Content-Type": "application/json"})
        SigV4Auth(credentials.get_frozen_credentials(), _SERVICE, region).add_auth(request)
        body = b"" if method == "POST" else None
        asked = urllib.request.Request(url, body, dict(request.headers.items()), method=method)
        try:
            with urllib.request.urlopen(asked, timeout=_PATIENCE) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Forbidden(f"{method} {path} is answered with {error.code}: {error.read(500)!r}") from error
        return found
