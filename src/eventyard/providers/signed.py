"""Any sender that signs with an HMAC: which header, which hash, which spelling, and what is signed, are options.

With ``challenge`` it also answers the GET by which Meta asks whether an endpoint is its owner's. Source of that: Meta's
documentation, "Webhooks: Getting started" (``hub.mode``, ``hub.verify_token``, ``hub.challenge``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from eventyard.errors import InvalidRequest
from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers.body import FORM, arrival, fields_in, form_object, kind_of, object_in
from eventyard.providers.found import Place
from eventyard.providers.options import Options
from eventyard.providers.samples import GENERIC
from eventyard.providers.signature import (
    ALGORITHMS,
    ENCODINGS,
    check_any,
    check_text,
    check_time,
    decoded,
    digest,
    encoded,
    hash_key,
    same,
    signed,
)

_PART = re.compile(r"\{(\w*)\}")
_PARTS = ("body", "id", "timestamp")
_OPTIONS = (
    "header", "algorithm", "encoding", "prefix", "signed", "timestamp_header", "id", "type", "time", "challenge",
    "repeats",
)  # fmt: skip


class Signed:
    """Options. ``header``: of the signature (needed). ``algorithm``: sha256, sha1, sha512. ``encoding``: hex, base64.
    ``prefix``: before the signature in the header. ``timestamp_header``: of a time in seconds that is signed.
    ``signed``: the text that is, of ``{body}``, ``{timestamp}``, ``{id}``; as is usual if not said. ``id``, ``type``,
    ``time``: where those stand. ``challenge``: ``hub`` answers Meta's question by the secrets.
    ``repeats``: the same body may come again as another delivery, so where neither an id nor a time is signed only an
    id tells."""

    source = "webhook"
    kept: tuple[str, ...] = ()
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        read = Options("hmac", options, _OPTIONS)
        self._tolerance = tolerance
        self._header = read.header("header")
        if not self._header:
            raise InvalidRequest("Provider hmac needs the option header: which header holds the signature.")
        self._algorithm = read.choice("algorithm", "sha256", ALGORITHMS)
        self._encoding = read.choice("encoding", "hex", ENCODINGS)
        self._prefix = read.text("prefix")
        self._timestamp = read.header("timestamp_header")
        self._id = Place("id", read.text("id"))
        self._type, self._time = Place("type", read.text("type")), Place("time", read.text("time"))
        self._challenge = read.choice("challenge", "none", ("none", "hub")) == "hub"
        self._repeats = read.flag("repeats")
        self._signed = read.text("signed", "{timestamp}.{body}" if self._timestamp else "{body}")
        parts = _PART.findall(self._signed)
        if parts.count("body") != 1 or any(part not in _PARTS for part in parts):
            raise InvalidRequest("Option signed of provider hmac has {body} once, and of others {timestamp} and {id}.")
        if ("timestamp" in parts) != bool(self._timestamp) or ("id" in parts and not self._id):
            raise InvalidRequest(
                "Options signed, timestamp_header and id of provider hmac go together: what has no place can't be "
                "signed, and a time that isn't signed proves nothing."
            )
        self._covers_id = "id" in parts
        self.methods = frozenset({"POST", "GET"} if self._challenge else {"POST"})

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        if request.method == "GET":
            return _challenge(request, secrets)
        given = request.need(self._header)
        if not given.startswith(self._prefix):
            raise Refused("header", f"The signature in header {self._header} does not begin with {self._prefix!r}.")
        signature = decoded(given.removeprefix(self._prefix), self._encoding, self._header)
        moment = None
        if self._timestamp:
            moment = check_time(request.need(self._timestamp), self._timestamp, now, self._tolerance)
        message = self._message(request)
        check_any((digest(each.encode(), message, self._algorithm) for each in secrets), [signature], self._header)
        if kind_of(request, form=True) == FORM:
            found, payload = form_object(fields_in(request.body))
        else:
            found, payload = object_in(request.body)
        kind, id = self._type.text(request, found), self._id.text(request, found)
        return [arrival(kind, payload, self._keys(id, message), self._time.moment(request, found) or moment)]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        if self._timestamp:
            request = signed(request, (self._timestamp, str(now // 1000)))
        made = digest(secret.encode(), self._message(request), self._algorithm)
        return signed(request, (self._header, self._prefix + encoded(made, self._encoding)))

    def sample(self) -> Sample:
        return Sample(body=GENERIC)

    def _message(self, request: Request) -> bytes:
        """The text that is signed. Parts of it are filled in once, whatever they hold."""
        found = object_in(request.body)[0] if self._covers_id and self._id.in_body else {}
        values = {
            "body": request.body,
            "timestamp": (request.header(self._timestamp) or "").encode("latin-1", "replace"),
            "id": self._id.text(request, found).encode("utf-8", "replace"),
        }
        pieces = _PART.split(self._signed)
        return b"".join(values[piece] if at % 2 else piece.encode() for at, piece in enumerate(pieces))

    def _keys(self, id: str, message: bytes) -> list[str]:
        """What was signed counts beside the id, whatever isn't signed (type, media type) says of it."""
        keys = [f"id:{id}"] if id else []
        told = self._covers_id or self._id.in_body or bool(self._timestamp)
        return keys if self._repeats and not told else [*keys, hash_key(message)]


def _challenge(request: Request, secrets: Sequence[str]) -> Answer:
    query = dict(parse_qsl(request.url.partition("?")[2]))
    if query.get("hub.mode") != "subscribe" or not query.get("hub.challenge"):
        raise Refused("header", "The query has no hub.mode=subscribe with a hub.challenge.")
    given = query.get("hub.verify_token", "").encode("utf-8", "replace")
    if not [True for each in secrets if same(each.encode(), given)]:
        raise Refused("signature", "hub.verify_token in the query is not one of the secrets that are valid now.")
    return Answer(content_type="text/plain", body=query["hub.challenge"].encode("utf-8", "replace"))
