"""Slack: ``X-Slack-Signature: v0=HEX``, an HMAC-SHA256 of ``v0:``, the time in X-Slack-Request-Timestamp, ``:``, body.

Takes the Events API (its ``url_verification`` is answered), slash commands, and interactions, whose JSON is in a form's
field ``payload``. Sources: Slack's documentation, "Verifying requests from Slack", "The Events API", "Implementing
slash commands", "Handling user interaction".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers.body import JSON, arrival, fields_in, form_object, kind_of, needed_object, seconds, text_of
from eventyard.providers.options import Options
from eventyard.providers.samples import SLACK_EVENT
from eventyard.providers.signature import check_any, check_text, check_time, decoded, digest, hash_key, signed

_SIGNATURE, _TIME, _PREFIX = "x-slack-signature", "x-slack-request-timestamp", "v0="


class Slack:
    """No options. The type is that of the inner event, of the interaction, or ``slash_command``. Slack shows people
    what a command is answered with, so the thanks are empty."""

    source = "slack"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = ("x-slack-retry-num", "x-slack-retry-reason")
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = Answer(content_type="text/plain")

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        Options("slack", options)
        self._tolerance = tolerance

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        given, time = request.need(_SIGNATURE), request.need(_TIME)
        if not given.startswith(_PREFIX):
            raise Refused("header", f"The signature in header {_SIGNATURE} does not begin with {_PREFIX}.")
        moment = check_time(time, _TIME, now, self._tolerance)
        signature = decoded(given.removeprefix(_PREFIX), "hex", _SIGNATURE)
        message = b"v0:" + time.encode("ascii") + b":" + request.body
        check_any((digest(each.encode(), message) for each in secrets), [signature], _SIGNATURE)
        # The Content-Type isn't signed: what is signed is known again, as whatever it comes.
        seen = hash_key(message)
        if kind_of(request, form=True) == JSON:
            return self._event(request.body, moment, seen)
        return self._form(request.body, moment, seen)

    def sign(self, request: Request, secret: str, now: int) -> Request:
        time = str(now // 1000)
        made = digest(secret.encode(), b"v0:" + time.encode() + b":" + request.body).hex()
        return signed(request, (_TIME, time), (_SIGNATURE, _PREFIX + made))

    def sample(self) -> Sample:
        return Sample(body=SLACK_EVENT)

    def _event(self, body: bytes, moment: int, seen: str) -> Sequence[Arrival] | Answer:
        found = needed_object(body, "type")
        if found["type"] == "url_verification":
            challenge = text_of(needed_object(body, "challenge"), "challenge")
            return Answer(content_type="text/plain", body=challenge.encode("utf-8", "replace"))
        inner = text_of(found, "event", "type")
        id = text_of(found, "event_id")
        keys = [f"id:{id}" if id else hash_key(body), seen]
        return [arrival(inner or found["type"], body, keys, seconds(found.get("event_time")) or moment)]

    def _form(self, body: bytes, moment: int, seen: str) -> Sequence[Arrival] | Answer:
        fields = fields_in(body)
        found, payload = form_object(fields)
        if "ssl_check" in found and "command" not in found:
            return Answer(content_type="text/plain")
        if isinstance(found.get("payload"), str):
            payload = found["payload"].encode("utf-8", "replace")
            inner = needed_object(payload, "type")
            return [arrival(inner["type"], payload, _keys(inner, seen), moment)]
        kind = "slash_command" if "command" in found else ""
        return [arrival(kind, payload, _keys(found, seen), moment)]


def _keys(found: Mapping[str, Any], seen: str) -> list[str]:
    trigger = text_of(found, "trigger_id")
    return [f"trigger:{trigger}", seen] if trigger else [seen]
