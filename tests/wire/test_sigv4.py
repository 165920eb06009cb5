"""Signatures that botocore makes are accepted; those that differ in a byte, in time or in scope are not."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from eventyard.clock import ManualClock
from eventyard.errors import Forbidden
from eventyard.wire import SigV4Authenticator

KEY, SECRET, ACCOUNT = "AKIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "123456789012"
Request = tuple[str, bytes, bytes, list[tuple[bytes, bytes]], bytes]


def now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def check(request: Request, offset: int = 0) -> tuple[str, str]:
    return SigV4Authenticator({KEY: (SECRET, ACCOUNT)}, ManualClock(now() + offset * 1000)).authenticate(*request)


def sign(
    body: bytes = b"{}",
    url: str = "http://localhost:4010/",
    method: str = "POST",
    headers: dict[str, str] | None = None,
    key: str = KEY,
    secret: str = SECRET,
    token: str | None = None,
) -> Request:
    base = {"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest(method, url, data=body, headers=base | (headers or {}))
    SigV4Auth(Credentials(key, secret, token), "events", "eu-west-1").add_auth(request)
    parts = urlsplit(url)
    sent = [(b"host", parts.netloc.encode())]
    sent += [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    return method, parts.path.encode() or b"/", parts.query.encode(), sent, body


def code_of(request: Request, offset: int = 0) -> str:
    with pytest.raises(Forbidden) as caught:
        check(request, offset)
    return caught.value.code


def altered(request: Request, name: bytes, value: bytes | None) -> Request:
    method, path, query, headers, body = request
    headers = [pair for pair in headers if pair[0] != name]
    return method, path, query, headers if value is None else [*headers, (name, value)], body


def header(request: Request, name: bytes) -> bytes:
    return dict(request[3])[name]


def test_random_requests_of_botocore_are_accepted() -> None:
    chance = random.Random(7)
    letters = "aZ09 /%+~_-.äß&=*'()"
    for _ in range(1000):
        words = ["".join(chance.choices(letters, k=chance.randrange(8))) for _ in range(6)]
        path = "/" + "/".join(quote(word, safe="") for word in words[:2])
        query = "&".join(f"{quote(word, safe='')}={quote(words[5], safe='')}" for word in words[2:4] if word)
        url = f"http://localhost:4010{path}" + (f"?{query}" if query else "")
        inner = words[4].encode("ascii", "replace").decode().strip()
        request = sign(
            chance.randbytes(chance.randrange(50)), url, chance.choice(["GET", "POST"]), {"X-Amz-Extra": inner}
        )
        assert check(request) == (ACCOUNT, "eu-west-1"), url


def test_every_one_byte_mutation_fails() -> None:
    chance = random.Random(11)
    request = sign(b'{"Entries":[]}', "http://localhost:4010/a/b?c=d&e=f", headers={"X-Amz-Extra": "value"})
    signature = header(request, b"authorization")
    start = signature.index(b"Signature=") + 10
    for _ in range(500):
        method, path, query, headers, body = request
        part = chance.randrange(5)
        if part == 0:
            body = mutated(body, chance)
        elif part == 1:
            path = b"/" + mutated(path[1:], chance)
        elif part == 2:
            query = mutated(query, chance)
        elif part == 3:
            name = chance.choice([b"host", b"x-amz-target", b"x-amz-extra", b"x-amz-date", b"content-type"])
            headers = altered(request, name, mutated(header(request, name), chance))[3]
        else:
            headers = altered(request, b"authorization", signature[:start] + mutated(signature[start:], chance))[3]
        with pytest.raises(Forbidden):
            check((method, path, query, headers, body))


def mutated(text: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(text))
    other = chance.choice([letter for letter in b"abcxyz0189" if letter != text[place]])
    return text[:place] + bytes([other]) + text[place + 1 :]


def test_clock_may_differ_by_five_minutes() -> None:
    assert check(sign(), 290)
    assert check(sign(), -290)
    assert code_of(sign(), 310) == "InvalidSignatureException"
    with pytest.raises(Forbidden, match=r"Signature expired: \d{8}T\d{6}Z is now earlier than .* - 5 min\.\)"):
        check(sign(), 400)
    with pytest.raises(Forbidden, match="Signature not yet current"):
        check(sign(), -400)


def test_unknown_key_and_wrong_secret() -> None:
    assert code_of(sign(key="AKIAOTHER")) == "UnrecognizedClientException"
    assert code_of(sign(key="AKIAOTHER", secret="")) == "UnrecognizedClientException"
    assert code_of(sign(secret="wrong")) == "InvalidSignatureException"
    assert code_of(sign(token="temporary")) == "UnrecognizedClientException"


def test_what_decides_the_meaning_must_be_signed() -> None:
    for name in (b"x-amz-target", b"x-amz-other", b"content-type"):
        signed = header(sign(), b"authorization").replace(b";" + name, b"").replace(name + b";", b"")
        request = altered(altered(sign(), b"authorization", signed), name, b"text")
        with pytest.raises(Forbidden, match="must be a 'SignedHeader'"):
            check(request)


def test_headers_sent_twice_fail() -> None:
    method, path, query, headers, body = sign()
    for name in (b"x-amz-target", b"x-amz-date", b"authorization", b"host"):
        assert code_of((method, path, query, [*headers, (name, header(sign(), name))], body))


def test_incomplete_and_missing_signatures() -> None:
    request = sign()
    value = header(request, b"authorization")
    assert code_of(altered(request, b"authorization", None)) == "MissingAuthenticationTokenException"
    assert code_of(altered(request, b"x-amz-date", None)) == "IncompleteSignatureException"
    for broken in (
        b"",
        b"Basic abc",
        b"AWS4-HMAC-SHA256",
        value.partition(b"SignedHeaders")[0],
        value.replace(b"aws4_request", b"aws5_request"),
        value.replace(b"SignedHeaders=", b"SignedHeaders=x-z;"),
        value.replace(b"eu-west-1", b"\xff"),
        b"\xff\xfe",
    ):
        assert code_of(altered(request, b"authorization", broken)) == "IncompleteSignatureException"
    assert code_of((request[0], b"/", b"X-Amz-Signature=1", request[3], b"")) == "IncompleteSignatureException"


def test_payload_must_be_the_one_that_was_hashed() -> None:
    assert code_of(sign(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})) == "InvalidSignatureException"
