"""Basic and Digest authentication, by the examples of their RFCs."""

from __future__ import annotations

import pytest

from eventyard.targets.http.challenge import Login, answer_to, login_of

MUFASA = Login("Mufasa", "Circle of Life")
NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def test_basic_is_what_rfc_7617_shows() -> None:
    answer = answer_to('Basic realm="WallyWorld"', Login("Aladdin", "open sesame"), "POST", "/", "")
    assert answer == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_is_what_rfc_7616_shows(algorithm: str, response: str) -> None:
    challenge = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    answer = answer_to(challenge, MUFASA, "GET", "/dir/index.html", NONCE) or ""
    assert f'response="{response}"' in answer
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in answer
    assert "qop=auth, nc=00000001" in answer


def test_digest_without_a_quality_is_what_rfc_2069_had() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    answer = answer_to(challenge, MUFASA, "GET", "/dir/index.html", NONCE) or ""
    assert "qop" not in answer
    assert "cnonce" not in answer


@pytest.mark.parametrize(
    "challenge",
    [
        "Bearer",
        "Digest",
        "Digest nonsense",
        'Digest realm="x", nonce="y", algorithm=SHA-512',
        'Digest realm="x", nonce="y", qop="auth-int"',
    ],
)
def test_other_challenges_have_no_answer(challenge: str) -> None:
    assert answer_to(challenge, MUFASA, "GET", "/", NONCE) is None


def test_login_is_taken_from_the_url() -> None:
    assert login_of("https://me%40home:a%2Fb@example.com/") == Login("me@home", "a/b")
    assert login_of("https://me@example.com/") == Login("me", "")
    assert login_of("https://example.com/") is None
