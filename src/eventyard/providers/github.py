"""GitHub: ``X-Hub-Signature-256: sha256=HEX``, an HMAC-SHA256 of the body. The older SHA-1 signature is not taken.

Event and delivery id are headers, which the signature does not cover: the hash of the body counts as well. A
form holds the JSON in its field ``payload``. Source: GitHub's documentation, "Validating webhook deliveries", "Webhook
events and payloads" (delivery headers), "Creating webhooks" (content types).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers.body import FORM, arrival, fields_in, kind_of, needed_object, text_of
from eventyard.providers.options import Options
from eventyard.providers.samples import ISSUE_OPENED
from eventyard.providers.signature import check_any, check_text, decoded, digest, hash_key, signed

_SIGNATURE, _EVENT, _DELIVERY = "x-hub-signature-256", "x-github-event", "x-github-delivery"
_PREFIX = "sha256="


class GitHub:
    """Option ``actions``: the type is ``pull_request.opened`` instead of ``pull_request``, where there is an action."""

    source = "github"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = (_EVENT, _DELIVERY)
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        self._actions = Options("github", options, ["actions"]).flag("actions")

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        given = request.need(_SIGNATURE)
        if not given.startswith(_PREFIX):
            raise Refused("header", f"The signature in header {_SIGNATURE} does not begin with {_PREFIX}.")
        signature = decoded(given.removeprefix(_PREFIX), "hex", _SIGNATURE)
        check_any((digest(each.encode(), request.body) for each in secrets), [signature], _SIGNATURE)
        event, delivery = request.need(_EVENT), request.need(_DELIVERY)
        payload = request.body
        if kind_of(request, form=True) == FORM:
            payload = dict(fields_in(request.body)).get("payload", "").encode("utf-8", "replace")
        found = needed_object(payload)
        if event == "ping":
            return Answer(content_type="text/plain", body=b"pong")
        action = text_of(found, "action")
        kind = f"{event}.{action}" if self._actions and action else event
        return [arrival(kind, payload, [f"id:{delivery}", hash_key(request.body)])]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        return signed(request, (_SIGNATURE, _PREFIX + digest(secret.encode(), request.body).hex()))

    def sample(self) -> Sample:
        return Sample(
            body=ISSUE_OPENED,
            headers=(
                ("content-type", "application/json"),
                (_EVENT, "issues"),
                (_DELIVERY, "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ),
        )
