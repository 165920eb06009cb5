"""What an answer means for the event: delivered, to be tried again, or never.

Source: user guide, "API destinations as targets" (409, 429 and 5xx are retried; Retry-After is honoured, and a negative
one ends retrying) and "Authorization methods for connections" (401 and 407 are retried with a new token).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import quote

from eventyard.target import DELIVERED, Outcome, Permanent, Retry
from eventyard.targets.http.answer import Answer

UNAUTHORIZED = frozenset({401, 407})
_AGAIN = frozenset({409, 429}) | UNAUTHORIZED
_EXCERPT = 200
_PREFIX = "Unable to invoke ApiDestination endpoint: "
_SECONDS = re.compile(r"[+-]?\d{1,12}(\.\d{1,6})?")


def outcome_of(answer: Answer, now: int, secrets: Sequence[str]) -> Outcome:
    """``now``: ms since the epoch, for dates in Retry-After. ``secrets``: what the message must not repeat, even if the
    answer does."""
    status = answer.status
    if 200 <= status < 300:
        return DELIVERED
    message = _PREFIX + describe(answer, secrets)
    if status not in _AGAIN and status < 500:
        return Permanent("SDK_CLIENT_ERROR", message)
    after = retry_after(answer.headers.get("retry-after"), now)
    if after is not None and after < 0:
        return Permanent("RETRIES_REFUSED", message)
    code = {401: "UNAUTHORIZED", 407: "UNAUTHORIZED", 409: "CONFLICT", 429: "THROTTLING"}.get(status, "SERVER_ERROR")
    return Retry(code, message, after)


def failure(code: str, why: str) -> Retry:
    """No answer came."""
    return Retry(code, _PREFIX + why)


def refused(code: str, why: str) -> Permanent:
    """The call can't be made at all."""
    return Permanent(code, _PREFIX + why)


def describe(answer: Answer, secrets: Sequence[str]) -> str:
    """Status and first bytes of ``answer``, fit to be shown: on one line, without the secrets."""
    try:
        phrase = f" {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = ""
    head = f"status {answer.status}{phrase}"
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        return f"{head}, with an encoded body"
    text = answer.body.decode("utf-8", "replace")
    for secret in secrets:
        text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
    text = "".join(letter if letter.isprintable() else " " for letter in text[:_EXCERPT]).strip()
    return f"{head}: {text}" if text else head


def retry_after(value: str | None, now: int) -> float | None:
    """Seconds from now, by a header with seconds or an HTTP date (RFC 9110, 10.2.3); None where it says nothing.

    A date that has passed is 0; only a number can be negative."""
    if value is None:
        return None
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - now / 1000, 0.0)
    except (ValueError, OverflowError):
        return None
