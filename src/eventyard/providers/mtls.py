"""Senders that show a certificate: a proxy in front checks it (mutual TLS) and says in a header whose it is.

The header proves nothing by itself, so it only counts if the connection comes from one of the proxies. The secrets are
the fingerprints, or subjects, that may send: so they are rotated as secrets are, each with an end.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers.found import Place, check_apart
from eventyard.providers.options import Options
from eventyard.providers.samples import GENERIC
from eventyard.providers.signature import check_text, same, signed
from eventyard.providers.token import read_arrival


class ClientCertificate:
    """Options. ``header``: in which the proxy says the fingerprint or subject of a certificate that it has checked
    (needed). ``proxies``: addresses or networks of the proxies (needed). ``fingerprint``: true compares hex without
    regard to case and colons. ``id``, ``type``, ``time``: where those stand."""

    source = "webhook"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = ()
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        read = Options("mtls", options, ["header", "proxies", "fingerprint", "id", "type", "time"])
        self._header = read.header("header")
        if not self._header or not read.texts("proxies"):
            raise InvalidRequest("Provider mtls needs the options header and proxies.")
        try:
            self._proxies = [ipaddress.ip_network(each) for each in read.texts("proxies")]
        except ValueError as error:
            raise InvalidRequest(
                f"Option proxies of provider mtls is a list of addresses or networks: {error}."
            ) from error
        self._hex = read.flag("fingerprint")
        self._id = Place("id", read.text("id"))
        self._type, self._time = Place("type", read.text("type")), Place("time", read.text("time"))
        check_apart("mtls", ("header", self._header), {"id": self._id, "type": self._type, "time": self._time})
        self.secret_headers: frozenset[str] = frozenset()

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)
        if self._hex and not all(each in "0123456789abcdef" for each in self._plain(secret)):
            raise InvalidRequest("A fingerprint is hex, with or without colons.")

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        try:
            peer = ipaddress.ip_address(request.peer)
        except ValueError as error:
            raise Refused("address", "The request comes from no address that is known.") from error
        mapped = getattr(peer, "ipv4_mapped", None) or peer
        if not any(mapped in network for network in self._proxies):
            raise Refused("address", f"The request comes from {mapped}, which is none of the proxies.")
        given = self._plain(request.need(self._header)).encode("latin-1", "replace")
        if not [True for each in secrets if same(self._plain(each).encode(), given)]:
            raise Refused("signature", f"The certificate in header {self._header} is not one that is valid now.")
        return [read_arrival(request, self._id, self._type, self._time)]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        """As it comes from the first of the proxies."""
        first = str(self._proxies[0].network_address)
        return signed(msgspec.structs.replace(request, peer=first), (self._header, secret))

    def sample(self) -> Sample:
        return Sample(body=GENERIC)

    def _plain(self, text: str) -> str:
        return text.replace(":", "").strip().lower() if self._hex else text.strip()
