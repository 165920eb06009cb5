"""Shopify: ``X-Shopify-Hmac-Sha256: BASE64``, an HMAC-SHA256 of the body by the app's client secret.

The newer Events have the same headers without ``X-``. Topic and id are headers, which the signature does not cover:
the hash of the body counts as well. Source: Shopify's documentation, "Verify webhook deliveries", "Verify Events
deliveries".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.provider import Answer, Arrival, Request, Sample
from eventyard.providers.body import arrival, iso, kind_of, object_in
from eventyard.providers.options import Options
from eventyard.providers.samples import ORDER_CREATED
from eventyard.providers.signature import check_any, check_text, decoded, digest, encoded, hash_key, signed

_SIGNATURE = "shopify-hmac-sha256"


class Shopify:
    """Option ``repeats``: the same body may come under several topics, so only the webhook id tells."""

    source = "shopify"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = (
        "x-shopify-topic",
        "x-shopify-shop-domain",
        "x-shopify-webhook-id",
        "x-shopify-api-version",
        "shopify-topic",
        "shopify-shop-domain",
        "shopify-webhook-id",
    )
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        self._repeats = Options("shopify", options, ["repeats"]).flag("repeats")

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        prefix = "" if request.header(_SIGNATURE) is not None else "x-"
        header = prefix + _SIGNATURE
        signature = decoded(request.need(header), "base64", header)
        check_any((digest(each.encode(), request.body) for each in secrets), [signature], header)
        topic, id = request.need(f"{prefix}shopify-topic"), request.need(f"{prefix}shopify-webhook-id")
        kind_of(request)
        _, payload = object_in(request.body)
        moment = iso(request.header(f"{prefix}shopify-triggered-at"))
        keys = [f"id:{id}"] if self._repeats else [f"id:{id}", hash_key(request.body)]
        return [arrival(topic, payload, keys, moment)]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        return signed(request, (f"x-{_SIGNATURE}", encoded(digest(secret.encode(), request.body), "base64")))

    def sample(self) -> Sample:
        return Sample(
            body=ORDER_CREATED,
            headers=(
                ("content-type", "application/json"),
                ("x-shopify-topic", "orders/create"),
                ("x-shopify-shop-domain", "example.myshopify.com"),
                ("x-shopify-webhook-id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"),
                ("x-shopify-triggered-at", "2023-03-29T18:00:27.877041743Z"),
            ),
        )
