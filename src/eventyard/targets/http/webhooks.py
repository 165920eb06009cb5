"""Signatures as Standard Webhooks wants them, so that receivers can tell who sent a call, and when.

Source: the Standard Webhooks specification: HMAC-SHA256 over ``id.timestamp.body`` with a secret in base64 behind
``whsec_``; while a secret is changed there is a signature for each of the two.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from eventyard.errors import InvalidRequest

#: A connection whose API key has this name signs with its value instead of sending it.
SIGNATURE = "webhook-signature"
_PREFIX = "whsec_"


def signs(name: str, value: str) -> bool:
    """Whether an API key is a secret to sign with."""
    return name.lower() == SIGNATURE and value.lstrip().startswith(_PREFIX)


def signature(secrets: str, event_id: str, now: int, body: bytes) -> list[tuple[str, str]]:
    """The headers for ``body``. ``secrets``: one or more, with spaces between. ``now``: ms.

    Raises InvalidRequest for a secret that is none."""
    seconds = str(now // 1000)
    text = f"{event_id}.{seconds}.".encode() + body
    proofs = [base64.b64encode(hmac.digest(_key(secret), text, "sha256")).decode() for secret in secrets.split()]
    return [
        ("webhook-id", event_id),
        ("webhook-timestamp", seconds),
        (SIGNATURE, " ".join(f"v1,{proof}" for proof in proofs)),
    ]


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise InvalidRequest(f"A secret for {SIGNATURE} must be {_PREFIX} and base64.") from error
