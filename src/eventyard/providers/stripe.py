"""Stripe: ``Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX]``, an HMAC-SHA256 of the time, a dot and the body.

The endpoint's secret (``whsec_...``) is the key as it is. Signatures of other schemes than v1 are passed over, as
Stripe says. Source: Stripe's documentation, "Verify webhook signatures manually", and "The Event object".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers.body import arrival, iso, kind_of, needed_object, seconds
from eventyard.providers.options import Options
from eventyard.providers.samples import CHARGE_SUCCEEDED
from eventyard.providers.signature import check_any, check_text, check_time, decoded, digest, signed

_HEADER = "stripe-signature"


class Stripe:
    """No options."""

    source = "stripe"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = ()
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        Options("stripe", options)
        self._tolerance = tolerance

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        time, signatures = parse(request.need(_HEADER))
        check_time(time, _HEADER, now, self._tolerance)
        message = time.encode("ascii") + b"." + request.body
        check_any((digest(each.encode(), message) for each in secrets), signatures, _HEADER)
        kind_of(request)
        found = needed_object(request.body, "id", "type")
        created = found.get("created")
        moment = iso(created) if isinstance(created, str) else seconds(created)
        return [arrival(found["type"], request.body, [f"id:{found['id']}"], moment)]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        time = str(now // 1000)
        signature = digest(secret.encode(), time.encode() + b"." + request.body).hex()
        return signed(request, (_HEADER, f"t={time},v1={signature}"))

    def sample(self) -> Sample:
        return Sample(body=CHARGE_SUCCEEDED)


def parse(header: str) -> tuple[str, list[bytes]]:
    """The time and the signatures of scheme v1. Raises Refused."""
    times: list[str] = []
    signatures: list[bytes] = []
    for item in header.split(","):
        name, found, value = item.strip().partition("=")
        if not found:
            raise Refused("header", f"Header {_HEADER} is not a list of NAME=VALUE.")
        if name == "t":
            times.append(value)
        elif name == "v1":
            signatures.append(decoded(value, "hex", _HEADER))
    if len(times) != 1 or not times[0].isascii():
        raise Refused("header", f"Header {_HEADER} has {len(times)} times (t=); it must have one.")
    if not signatures:
        raise Refused("header", f"Header {_HEADER} has no signature of scheme v1 (v1=).")
    return times[0], signatures
