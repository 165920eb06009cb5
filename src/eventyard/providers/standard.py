"""Standard Webhooks 1.0.0: ``webhook-id``, ``webhook-timestamp``, ``webhook-signature: v1,BASE64 v1a,BASE64``.

Signed are id, time and body with dots between: v1 is HMAC-SHA256 by a secret ``whsec_BASE64``, v1a Ed25519, whose
public key ``whpk_BASE64`` is the secret here. Source: the Standard Webhooks specification, "Signature scheme", "Webhook
headers", "Verifying signatures".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.errors import InvalidRequest
from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers import ed25519
from eventyard.providers.body import arrival, iso, kind_of, object_in, text_of
from eventyard.providers.options import Options
from eventyard.providers.samples import CONTACT_CREATED
from eventyard.providers.signature import check_any, check_time, decoded, digest, encoded, signed

ID, TIME, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SECRET, _PUBLIC, _PRIVATE = "whsec_", "whpk_", "whsk_"
#: "At least 24 bytes (192 bits, 512 maximum)".
_LEAST, _MOST = 24, 64


class StandardWebhooks:
    """No options. Type and time are the body's members of that name."""

    source = "standard-webhooks"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = (ID,)
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        Options("standard-webhooks", options)
        self._tolerance = tolerance

    def check_secret(self, secret: str) -> None:
        check_key(secret)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        id, moment = check(request, secrets, now, self._tolerance)
        kind_of(request)
        found, payload = object_in(request.body)
        return [arrival(text_of(found, "type"), payload, [f"id:{id}"], iso(found.get("timestamp")) or moment)]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        """By ``whsec_`` or, for v1a, by the private key ``whsk_``."""
        id = request.header(ID) or "msg_sample"
        return sign(request, id, secret, now)

    def sample(self) -> Sample:
        return Sample(
            body=CONTACT_CREATED,
            headers=(("content-type", "application/json"), (ID, "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W")),
        )


def check_key(secret: str) -> None:
    """Raises InvalidRequest for what is neither a secret nor a public key of the specification."""
    for prefix, least, most in ((SECRET, _LEAST, _MOST), (_PUBLIC, ed25519.SIZE, ed25519.SIZE)):
        if secret.startswith(prefix):
            size = len(_key(secret, prefix))
            if least <= size <= most:
                return
            raise InvalidRequest(f"Behind {prefix} there are {least} to {most} bytes in base64, not {size}.")
    raise InvalidRequest(f"A secret begins with {SECRET}, or with {_PUBLIC} where the sender signs with Ed25519.")


def check(request: Request, secrets: Sequence[str], now: int, tolerance: int) -> tuple[str, int]:
    """The request's id and time (ms), once a signature holds. Raises Refused."""
    id, time, given = request.need(ID), request.need(TIME), request.need(SIGNATURE)
    if "." in id or len(id) > 512:
        raise Refused("header", f"Header {ID} has a dot in it, or more than 512 characters.")
    moment = check_time(time, TIME, now, tolerance)
    symmetric: list[bytes] = []
    asymmetric: list[bytes] = []
    for item in given.split(" "):
        version, _, text = item.partition(",")
        if version == "v1":
            symmetric.append(decoded(text, "base64", SIGNATURE))
        elif version == "v1a":
            asymmetric.append(decoded(text, "base64", SIGNATURE))
    if not symmetric and not asymmetric:
        raise Refused("header", f"Header {SIGNATURE} has no signature of scheme v1 or v1a.")
    message = _message(id, time, request.body)
    public = [_key(each, _PUBLIC) for each in secrets if each.startswith(_PUBLIC)]
    if len(asymmetric) <= 4 and any(ed25519.verify(key, each, message) for key in public for each in asymmetric):
        return id, moment
    keys = [_key(each, SECRET) for each in secrets if each.startswith(SECRET)]
    check_any((digest(key, message) for key in keys), symmetric, SIGNATURE)
    return id, moment


def sign(request: Request, id: str, secret: str, now: int) -> Request:
    time = str(now // 1000)
    message = _message(id, time, request.body)
    if secret.startswith(_PRIVATE):
        value = f"v1a,{encoded(ed25519.sign(_key(secret, _PRIVATE), message), 'base64')}"
    elif secret.startswith(SECRET):
        value = f"v1,{encoded(digest(_key(secret, SECRET), message), 'base64')}"
    else:
        raise InvalidRequest("With a public key nothing can be signed: only the sender has the private one.")
    return signed(request, (ID, id), (TIME, time), (SIGNATURE, value))


def _message(id: str, time: str, body: bytes) -> bytes:
    return f"{id}.{time}.".encode("utf-8", "replace") + body


def _key(secret: str, prefix: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(prefix), validate=True)
    except ValueError as error:
        raise InvalidRequest(f"What is behind {prefix} is not base64.") from error
