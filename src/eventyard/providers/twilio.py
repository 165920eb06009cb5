"""Twilio: ``X-Twilio-Signature: BASE64``, an HMAC-SHA1 of the address and of the form's fields sorted by name.

A JSON body is covered by the address: its query holds ``bodySHA256``. The address must be the one that Twilio was
given, so behind a proxy the webhook has to know its public URL. An account's webhook rules may ask for SHA-256 instead;
which one it is says the option, never the request. Sources: Twilio's documentation, "Validate requests" and "Webhook
security"; Twilio's own libraries' notes on webhook rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers.body import JSON, arrival, fields_in, form_object, iso, kind_of, needed_object, text_of
from eventyard.providers.options import Options
from eventyard.providers.samples import TWILIO_MESSAGE
from eventyard.providers.signature import check_any, check_text, decoded, digest, encoded, hash_key, same, signed

_SIGNATURE, _TOKEN = "x-twilio-signature", "i-twilio-idempotency-token"
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Twilio:
    """Option ``algorithm``: ``sha1``, or ``sha256`` for accounts with webhook rules. The type is the field EventType,
    or what a status callback is about and its status (``message.delivered``, ``call.completed``). Twilio reads TwiML in
    the answer, so the thanks are an empty one."""

    source = "twilio"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = (_TOKEN,)
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = Answer(content_type="text/xml", body=b"<Response/>")

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        self._algorithm = Options("twilio", options, ["algorithm"]).choice("algorithm", "sha1", ("sha1", "sha256"))

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        signature = decoded(request.need(_SIGNATURE), "base64", _SIGNATURE)
        json = kind_of(request, form=True) == JSON
        fields = [] if json else fields_in(request.body)
        if json or "bodySHA256=" in request.url:  # or what was signed as JSON could come again as an empty form
            _check_hash(request)
        joined = _joined(fields)
        messages = [url.encode("utf-8", "replace") + joined for url in _spellings(request.url)]
        made = [digest(each.encode(), message, self._algorithm) for each in secrets for message in messages]
        found = check_any(made, [signature], _SIGNATURE)
        # What was signed, not what came: the same fields can be spelled, and even cut, in other ways, and the address
        # is the sender's word.
        keys = [hash_key(messages[found % len(messages)])]
        token = request.header(_TOKEN)
        if token:
            keys.append(f"token:{token}")
        if json:
            return _json(request.body, keys)
        form, payload = form_object(fields)
        return [arrival(_type(form), payload, keys)]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        url, fields = request.url, []
        if kind_of(request, form=True) == JSON:
            mark = "&" if "?" in url else "?"
            url = f"{url}{mark}bodySHA256={hashlib.sha256(request.body).hexdigest()}"
        else:
            fields = fields_in(request.body)
        made = encoded(digest(secret.encode(), url.encode() + _joined(fields), self._algorithm), "base64")
        return signed(msgspec.structs.replace(request, url=url), (_SIGNATURE, made))

    def sample(self) -> Sample:
        return Sample(body=TWILIO_MESSAGE, headers=(("content-type", "application/x-www-form-urlencoded"),))


def _joined(fields: list[tuple[str, str]]) -> bytes:
    """Names and values without anything between, sorted by name, then by value; a pair that is there twice counts once,
    as in Twilio's libraries."""
    return "".join(f"{name}{value}" for name, value in sorted(set(fields))).encode("utf-8", "replace")


def _spellings(url: str) -> list[str]:
    """The address with and without the port that goes without saying: senders differ."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return [url]
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    if port is None and usual is not None:
        return [url, parts._replace(netloc=f"{parts.netloc}:{usual}").geturl()]
    if port is not None and port == usual:
        return [url, parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()]
    return [url]


def _check_hash(request: Request) -> None:
    query = dict(parse_qsl(request.url.partition("?")[2], keep_blank_values=True))
    given = query.get("bodySHA256")
    if given is None:
        raise Refused("signature", "The address has no bodySHA256 in its query, so no signature covers the body.")
    if not same(given.lower().encode("utf-8", "replace"), hashlib.sha256(request.body).hexdigest().encode()):
        raise Refused("signature", "The body is not the one that bodySHA256 in the address was made of.")


def _json(body: bytes, keys: list[str]) -> list[Arrival]:
    """One event, or the several of Event Streams, which are CloudEvents."""
    if not body.lstrip().startswith(b"["):
        found = needed_object(body)
        return [arrival(text_of(found, "EventType") or text_of(found, "type"), body, keys, iso(found.get("time")))]
    try:
        items = [bytes(item) for item in _list(body)]
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused("body", "The body is not JSON.") from error
    made = []
    for at, item in enumerate(items):
        found = needed_object(item, "id", "type")
        made.append(arrival(found["type"], item, [f"id:{found['id']}", f"{keys[0]}:{at}"], iso(found.get("time"))))
    return made


def _type(found: Mapping[str, Any]) -> str:
    if kind := text_of(found, "EventType"):
        return kind
    for name, about in (("MessageStatus", "message"), ("SmsStatus", "message"), ("CallStatus", "call")):
        if status := text_of(found, name):
            return f"{about}.{status}"
    return ""
