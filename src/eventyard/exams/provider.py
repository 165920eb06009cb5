"""The exam of a provider of webhooks: each ``exam_*`` takes a :class:`Case` and asserts one behaviour.

``EXAMS`` is all of them. Whoever writes a provider makes a case of each way it is used, and runs every exam on it::

    @pytest.mark.parametrize("exam", EXAMS, ids=lambda exam: exam.__name__)
    def test_mine(exam): exam(Case(name="mine", provider=Mine({}, 300_000), secret="...", other="..."))
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from eventyard.detail import parse_object
from eventyard.errors import InvalidRequest
from eventyard.provider import Answer, Arrival, Provider, Refused, Request

NOW = 1_750_000_000_000

#: Values that no header of a provider has.
_HOSTILE = (
    "", " ", "\t", "\x00", "\x7f", "=", ",", ",,,,", ".", "v0=", "v1,", "v1=", "t=", "t=,v1=", "t=1,t=2,v1=00",
    "sha256=", "sha256=zz", "sha1=00", "0", "-1", "1e9", "9" * 400, "NaN", "\xe9\xff\xad", "A" * 70_000, "=" * 70_000,
    "," * 70_000, "v1," * 20_000, "Bearer ", "Basic \xff", "Basic !!!", "Bearer \xe9", "{}", "%", "%ff%fe", "\u00b2",
    "1750000000 ", "../../etc/passwd", "' OR 1=1 --", "application/json; charset=\xff",
)  # fmt: skip
_BODIES = (
    b"", b"\x00", b"\xff\xfe", b"{", b"[", b"null", b"NaN", b'{"a":1e999}', b"[" * 5_000, b'{"a":' * 5_000, b"a=b&&=",
)  # fmt: skip
_MEDIA = ("application/json", "application/x-www-form-urlencoded", "application/x+json")
_HOSTS = ("{host}:80", "{host}:443", "{host}:1", "other.example")


class Case(msgspec.Struct, kw_only=True):
    """One way to use a provider. ``secret`` and ``other``: two that it takes. ``key``: what its sender signs with, if
    not the secret itself. ``request``: what is sent, but for the signature; the provider's sample if None. ``timed``: a
    time is signed, and ``tolerance`` ms count. ``covers``: the signature covers the body. ``resent``: what is sent
    again later, signed anew, is known to be the same."""

    name: str
    provider: Provider
    secret: str
    other: str
    key: str | None = None
    request: Request | None = None
    timed: bool = False
    tolerance: int = 300_000
    covers: bool = True
    resent: bool = True

    @property
    def plain(self) -> Request:
        if self.request is not None:
            return self.request
        sample = self.provider.sample()
        return Request(url="https://hooks.example.com/webhooks/w", headers=sample.headers, body=sample.body)

    def signed(self, now: int = NOW) -> Request:
        return self.provider.sign(self.plain, self.key or self.secret, now)

    def taken(self, request: Request, secrets: Sequence[str] | None = None, now: int = NOW) -> Sequence[Arrival]:
        found = self.provider.verify(request, [self.secret] if secrets is None else secrets, now)
        assert not isinstance(found, Answer), "it tells of events"
        return found


Exam = Callable[[Case], None]


def exam_what_the_sender_signs_is_taken(case: Case) -> None:
    arrivals = case.taken(case.signed())
    assert arrivals
    for each in arrivals:
        assert parse_object(each.payload) is not None
        assert all(isinstance(key, str) and key for key in each.keys)
        assert each.time is None or 0 <= each.time < 253_402_300_800_000


def exam_the_text_of_a_json_body_is_not_changed(case: Case) -> None:
    request = case.signed()
    if dict(request.headers).get("content-type", "").startswith("application/json") and request.body[:1] == b"{":
        assert [each.payload for each in case.taken(request)] == [request.body]


def exam_another_secret_is_refused(case: Case) -> None:
    assert _refused(case, case.signed(), [case.other]) in ("signature", "header")
    assert _refused(case, case.signed(), []) in ("signature", "header")


def exam_a_changed_body_is_refused(case: Case) -> None:
    """Where fields are signed and not bytes, another spelling of the same fields is the same, and known to be."""
    if not case.covers:
        return
    request = case.signed()
    bodies = [request.body[:-1], request.body + b" ", request.body + b"\n", request.body * 2, b""]
    for at, byte in enumerate(request.body):
        bodies += [request.body[:at] + bytes([byte ^ bits]) + request.body[at + 1 :] for bits in (0x01, 0x20, 0x80)]
    for body in bodies:
        changed = msgspec.structs.replace(request, body=body)
        try:
            found = case.taken(changed)
        except Refused:
            continue
        assert [each.payload for each in found] == [each.payload for each in case.taken(request)] != [body]
        assert all(set(one.keys) & set(two.keys) for one, two in zip(found, case.taken(request), strict=True))


def exam_what_proves_the_sender_must_be_there_once(case: Case) -> None:
    request = case.signed()
    for name, value in _proofs(case, request):
        without = tuple(each for each in request.headers if each != (name, value))
        _refused(case, msgspec.structs.replace(request, headers=without))
        for more in (value, "x"):
            _refused(case, msgspec.structs.replace(request, headers=(*request.headers, (name, more))))
            _refused(case, msgspec.structs.replace(request, headers=((name, more), *request.headers)))


def exam_hostile_headers_are_refused_and_raise_nothing_else(case: Case) -> None:
    request = case.signed()
    proofs = {name for name, _ in _proofs(case, request)}
    for at, (name, _) in enumerate(request.headers):
        for value in _HOSTILE:
            headers = (*request.headers[:at], (name, value), *request.headers[at + 1 :])
            changed = msgspec.structs.replace(request, headers=headers)
            if name in proofs:
                _refused(case, changed)
            else:
                _verify(case, changed)


def exam_hostile_bodies_raise_nothing_else(case: Case) -> None:
    """Also when they are signed: a sender may be taken over."""
    for body in _BODIES:
        plain = msgspec.structs.replace(case.plain, body=body)
        _verify(case, plain)
        try:
            request = case.provider.sign(plain, case.key or case.secret, NOW)
        except Refused:
            continue
        _verify(case, request)


def exam_what_is_too_old_or_not_yet_is_refused(case: Case) -> None:
    if not case.timed:
        return
    request = case.signed()
    for away in (-case.tolerance, case.tolerance):
        case.taken(request, now=NOW + away)
    for away in (-case.tolerance - 1_000, case.tolerance + 1_000, 86_400_000 * 365):
        assert _refused(case, request, now=NOW + away) == "stale"


def exam_a_replay_is_known(case: Case) -> None:
    one, two = case.taken(case.signed()), case.taken(case.signed())
    for first, second in zip(one, two, strict=True):
        assert set(first.keys) & set(second.keys), "the same request has a key in common with itself"
    if case.resent:
        later = case.taken(case.signed(NOW + 60_000), now=NOW + 60_000)
        for first, third in zip(one, later, strict=True):
            assert set(first.keys) & set(third.keys), "what is sent again has a key in common with the first time"


def exam_what_is_not_signed_makes_nothing_new_of_a_replay(case: Case) -> None:
    """Whoever has one request of the sender can send it again under other headers and to another host. Headers that
    the provider looks for with ``Request.header`` are tried even if the request has none of them."""
    if not case.covers:
        return
    signed, asked = case.signed(), set[str]()
    watched = _Watched(**{name: getattr(signed, name) for name in signed.__struct_fields__}, asked=asked)
    known = {key for each in case.taken(watched) for key in each.keys}
    unsigned = sorted({name for name, _ in case.plain.headers} | asked - {name for name, _ in _proofs(case, signed)})
    for changed in _under_others(signed, unsigned):
        try:
            found = case.provider.verify(changed, [case.secret], NOW)
        except Refused:
            continue
        if not isinstance(found, Answer):
            assert all(known.intersection(each.keys) for each in found), f"{changed.url} {changed.headers} is not known"


def exam_several_secrets_hold_while_one_follows_the_other(case: Case) -> None:
    request = case.signed()
    case.taken(request, [case.other, case.secret])
    case.taken(request, [case.secret, case.other])
    _refused(case, request, [case.other])


def exam_secrets_are_compared_in_constant_time(case: Case) -> None:
    if case.key is not None:  # a public key: nothing secret is compared
        return
    request, compared = case.signed(), 0
    plain: Any = hmac.compare_digest

    def counted(one: Any, other: Any) -> bool:
        nonlocal compared
        compared += 1
        return bool(plain(one, other))

    hmac.compare_digest = counted
    try:
        case.taken(request)
        with_right, compared = compared, 0
        _refused(case, request, [case.other])
    finally:
        hmac.compare_digest = plain
    assert with_right, "it has to be hmac.compare_digest"
    assert compared == with_right, "as much is compared for a wrong secret as for a right one"


def exam_a_secret_is_looked_at_before_it_is_kept(case: Case) -> None:
    case.provider.check_secret(case.secret)
    case.provider.check_secret(case.other)
    for bad in ("", " ", "s3cr3t"):
        message = ""
        try:
            case.provider.check_secret(bad)
        except InvalidRequest as error:
            message = error.message
        assert message, f"{bad!r} is no secret"
        assert not bad.strip() or bad not in message, "the message does not tell it"


def exam_a_refusal_tells_no_secret(case: Case) -> None:
    request = case.signed()
    hidden = [case.secret, case.other, *(value for _, value in _proofs(case, request) if len(value) > 12)]
    for changed in (msgspec.structs.replace(request, body=b"{}"), msgspec.structs.replace(request, headers=())):
        message = ""
        try:
            case.provider.verify(changed, [case.other, case.secret], NOW)
        except Refused as refusal:
            message = refusal.message
        assert not [each for each in hidden if each in message]


EXAMS: tuple[Exam, ...] = tuple(value for name, value in list(globals().items()) if name.startswith("exam_"))


def _proofs(case: Case, request: Request) -> list[tuple[str, str]]:
    """The headers that signing adds, or changes."""
    before = set(case.plain.headers)
    return [each for each in request.headers if each not in before]


class _Watched(Request, frozen=True, kw_only=True):
    """A request that notes which headers it is asked for."""

    asked: set[str]

    def header(self, name: str) -> str | None:
        self.asked.add(name)
        return Request.header(self, name)


def _under_others(request: Request, names: Sequence[str]) -> Iterator[Request]:
    """``request`` with up to three of the headers ``names``, all, or all but one of them changed or left out, and to
    other hosts, or with another query."""
    some = [each for size in (0, 1, 2, 3) for each in combinations(names, size)]
    most = [each for size in (len(names) - 1, len(names)) if size > 3 for each in combinations(names, size)]
    host, (path, _, query) = urlsplit(request.url).netloc, request.url.partition("?")
    urls = [request.url, *(request.url.replace(host, each.format(host=host), 1) for each in _HOSTS if host)]
    urls += [path, *(f"{path}?{urlencode([(name, 'x') for name, _ in parse_qsl(query)])}" for _ in query[:1])]
    for chosen, value, media in product([*some, *most], (None, "x", "2"), _MEDIA):
        kept = [each for each in request.headers if each[0] not in chosen]
        new = [(name, media if name == "content-type" else value) for name in chosen]
        headers = (*kept, *((name, value) for name, value in new if value is not None))
        for url in urls:
            yield msgspec.structs.replace(request, url=url, headers=headers)


def _verify(case: Case, request: Request) -> None:
    with contextlib.suppress(Refused):
        case.provider.verify(request, [case.secret], NOW)


def _refused(case: Case, request: Request, secrets: Sequence[str] | None = None, now: int = NOW) -> str:
    try:
        case.provider.verify(request, [case.secret] if secrets is None else secrets, now)
    except Refused as refusal:
        return refusal.reason
    raise AssertionError("it is to be refused")
