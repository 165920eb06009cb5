"""Any sender that shows a secret: in a header, as a bearer token, in the query, or as user and password.

A token proves who sends and nothing of what: use it over TLS, and a signature where the sender can sign. Sources: RFC
6750 (bearer tokens), RFC 7617 (Basic).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers.body import FORM, arrival, fields_in, form_object, kind_of, object_in
from eventyard.providers.found import Place, check_apart
from eventyard.providers.options import Options
from eventyard.providers.samples import GENERIC
from eventyard.providers.signature import check_text, same, signed

_WAYS = ("header", "bearer", "query", "basic")
_AUTHORIZATION = "authorization"


class Token:
    """Options. ``in``: header, bearer, query or basic (then the secret is ``USER:PASSWORD``). ``name``: of the header,
    or of the parameter in the query. ``id``, ``type``, ``time``: where those stand. Without an id nothing is a
    duplicate: who has the token can send whatever they like anyway."""

    source = "webhook"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = ()
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        read = Options("token", options, ["in", "name", "id", "type", "time"])
        self._way = read.choice("in", "bearer", _WAYS)
        self._name = read.header("name") if self._way == "header" else read.text("name")
        if (self._way in ("header", "query")) != bool(self._name):
            raise InvalidRequest("Option name of provider token is needed for a header or a query, and only there.")
        self._id = Place("id", read.text("id"))
        self._type, self._time = Place("type", read.text("type")), Place("time", read.text("time"))
        check_apart(
            "token",
            ("query" if self._way == "query" else "header", self._name or _AUTHORIZATION),
            {"id": self._id, "type": self._type, "time": self._time},
        )
        self.secret_headers = frozenset({self._name if self._way == "header" else _AUTHORIZATION})

    def check_secret(self, secret: str) -> None:
        check_text(secret, 8)
        if self._way == "basic" and ":" not in secret:
            raise InvalidRequest("With Basic the secret is USER:PASSWORD.")

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        given = self._given(request)
        if not [True for each in secrets if same(each.encode(), given)]:
            raise Refused("signature", f"The token ({self._way}) is not one that is valid now.")
        return [read_arrival(request, self._id, self._type, self._time)]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        if self._way == "query":
            mark = "&" if "?" in request.url else "?"
            return msgspec.structs.replace(request, url=f"{request.url}{mark}{urlencode({self._name: secret})}")
        if self._way == "header":
            return signed(request, (self._name, secret))
        if self._way == "bearer":
            return signed(request, (_AUTHORIZATION, f"Bearer {secret}"))
        return signed(request, (_AUTHORIZATION, f"Basic {base64.b64encode(secret.encode()).decode()}"))

    def sample(self) -> Sample:
        return Sample(body=GENERIC)

    def _given(self, request: Request) -> bytes:
        if self._way == "header":
            return request.need(self._name).encode("latin-1", "replace")
        if self._way == "query":
            found = [value for name, value in parse_qsl(request.url.partition("?")[2]) if name == self._name]
            if len(found) != 1:
                raise Refused("header", f"The query has {len(found)} parameters {self._name}; it must have one.")
            return found[0].encode("utf-8", "replace")
        scheme, _, value = request.need(_AUTHORIZATION).partition(" ")
        if scheme.lower() != ("bearer" if self._way == "bearer" else "basic"):
            raise Refused("header", f"Header {_AUTHORIZATION} is not of the scheme {self._way}.")
        if self._way == "bearer":
            return value.strip().encode("latin-1", "replace")
        try:
            return base64.b64decode(value.strip(), validate=True)
        except ValueError as error:
            raise Refused("header", f"Header {_AUTHORIZATION} is not base64.") from error


def read_arrival(request: Request, id: Place, type: Place, time: Place) -> Arrival:
    """What is in the body of a request whose sender is known. Raises Refused."""
    if kind_of(request, form=True) == FORM:
        found, payload = form_object(fields_in(request.body))
    else:
        found, payload = object_in(request.body)
    name = id.text(request, found)
    keys = [f"id:{name}"] if name else []
    return arrival(type.text(request, found), payload, keys, time.moment(request, found))
