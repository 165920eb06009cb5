"""The exam of providers can be failed: each kind of carelessness is caught by the exam that is meant for it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from eventyard.errors import InvalidRequest
from eventyard.exams.provider import EXAMS, Case
from eventyard.provider import Answer, Arrival, Refused, Request, Sample

SECRET, OTHER = "a secret of one kind", "a secret of another"


class Plain:
    """A provider that is right: an HMAC of time and body. Subclasses are careless in one way each."""

    source = "plain"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = ()
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = None

    def check_secret(self, secret: str) -> None:
        if len(secret) < 8:
            raise InvalidRequest("A secret is longer.")

    def given(self, request: Request) -> tuple[str, str]:
        return request.need("x-time"), request.need("x-signature")

    def holds(self, made: str, given: str) -> bool:
        return hmac.compare_digest(made.encode(), given.encode("latin-1"))

    def fresh(self, time: str, now: int) -> None:
        if not (time.isascii() and time.isdecimal() and len(time) < 12):
            raise Refused("header", "x-time is no time")
        if abs(now - int(time) * 1000) > 300_000:
            raise Refused("stale", "x-time is too far from now")

    def signature(self, secret: str, time: str, body: bytes) -> str:
        return hmac.new(secret.encode(), time.encode("latin-1") + b"." + body, hashlib.sha256).hexdigest()

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        time, given = self.given(request)
        self.fresh(time, now)
        made = [self.signature(each, time, request.body) for each in secrets]
        if not [True for each in made if self.holds(each, given)]:
            raise self.refusal(secrets)
        return [self.arrival(request.body)]

    def refusal(self, secrets: Sequence[str]) -> Refused:
        return Refused("signature", "the signature is wrong")

    def arrival(self, body: bytes) -> Arrival:
        try:
            found: Mapping[str, Any] = json.loads(body)
            return Arrival(type=found["type"], payload=body, keys=self.keys(found))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Refused("body", "no event") from error

    def keys(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        return (found["id"],)

    def sign(self, request: Request, secret: str, now: int) -> Request:
        time = str(now // 1000)
        headers = (*request.headers, ("x-time", time), ("x-signature", self.signature(secret, time, request.body)))
        return Request(url=request.url, headers=headers, body=request.body)

    def sample(self) -> Sample:
        return Sample(body=b'{"id":"1","type":"a"}')


class Hasty(Plain):
    def holds(self, made: str, given: str) -> bool:
        return made == given


class OnlyAsText(Plain):
    def holds(self, made: str, given: str) -> bool:
        return hmac.compare_digest(made, given)  # raises for what is not ASCII


class Timeless(Plain):
    def fresh(self, time: str, now: int) -> None:
        pass


class Patient(Plain):
    def fresh(self, time: str, now: int) -> None:
        if int(time) * 1000 < now - 300_000:
            raise Refused("stale", "too old")  # the future is welcome, and what is no number raises


class FirstOfTwo(Plain):
    def given(self, request: Request) -> tuple[str, str]:
        found = dict(reversed(request.headers))
        return found.get("x-time", ""), found.get("x-signature", "")


class Headless(Plain):
    def signature(self, secret: str, time: str, body: bytes) -> str:
        return super().signature(secret, time, body.strip())


class Rewriting(Plain):
    def arrival(self, body: bytes) -> Arrival:
        found = super().arrival(body)
        return Arrival(type=found.type, payload=json.dumps(json.loads(body)).encode(), keys=found.keys)


class Forgetful(Plain):
    count = 0

    def keys(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        self.count += 1
        return (str(self.count),)


class Labelled(Plain):
    """Knows again by an id and a type that stand in headers, which aren't signed."""

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        found = super().verify(request, secrets, now)
        assert not isinstance(found, Answer)
        id, kind = request.header("x-id"), request.header("x-kind")
        keys = (f"id:{id}", f"hash:{kind} {request.body!r}")
        return [Arrival(type=kind or "", payload=each.payload, keys=keys) for each in found]


class Hosted(Plain):
    """Knows again by the address, which isn't signed."""

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        found = super().verify(request, secrets, now)
        assert not isinstance(found, Answer)
        return [Arrival(type=each.type, payload=each.payload, keys=(f"{request.url} {each.keys}",)) for each in found]


class Mediated(Plain):
    """Knows again by what the media type makes of the body."""

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        found = super().verify(request, secrets, now)
        assert not isinstance(found, Answer)
        kind = request.need("content-type")
        return [Arrival(type=each.type, payload=each.payload, keys=(f"{kind} {each.keys}",)) for each in found]


class Talkative(Plain):
    def refusal(self, secrets: Sequence[str]) -> Refused:
        return Refused("signature", f"expected one made with {secrets[0]}")


class Careless(Plain):
    def check_secret(self, secret: str) -> None:
        pass


CAUGHT = {
    Hasty: "secrets_are_compared_in_constant_time",
    OnlyAsText: "hostile_headers_are_refused_and_raise_nothing_else",
    Timeless: "what_is_too_old_or_not_yet_is_refused",
    Patient: "what_is_too_old_or_not_yet_is_refused",
    FirstOfTwo: "what_proves_the_sender_must_be_there_once",
    Headless: "a_changed_body_is_refused",
    Rewriting: "the_text_of_a_json_body_is_not_changed",
    Forgetful: "a_replay_is_known",
    Labelled: "what_is_not_signed_makes_nothing_new_of_a_replay",
    Hosted: "what_is_not_signed_makes_nothing_new_of_a_replay",
    Mediated: "what_is_not_signed_makes_nothing_new_of_a_replay",
    Talkative: "a_refusal_tells_no_secret",
    Careless: "a_secret_is_looked_at_before_it_is_kept",
}


def failed(provider: Plain) -> set[str]:
    found = set()
    for exam in EXAMS:
        try:
            exam(Case(name="plain", provider=provider, secret=SECRET, other=OTHER, timed=True))
        except Exception:  # noqa: BLE001 - whatever a careless one raises
            found.add(exam.__name__.removeprefix("exam_"))
    return found


def test_one_that_is_right_passes() -> None:
    assert failed(Plain()) == set()


@pytest.mark.parametrize("careless", CAUGHT, ids=lambda each: each.__name__)
def test_one_that_is_careless_is_caught(careless: type[Plain]) -> None:
    assert CAUGHT[careless] in failed(careless())
