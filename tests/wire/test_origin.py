"""Where a request comes from: the connection, or what a proxy in front says."""

from __future__ import annotations

from typing import Any

import pytest

from eventyard.wire.origin import origin_of


def scope(address: str | None, scheme: str = "http") -> dict[str, Any]:
    return {"client": None if address is None else (address, 1), "scheme": scheme}


@pytest.mark.parametrize(
    ("client", "scheme", "found"),
    [
        ("127.0.0.1", "http", ("127.0.0.1", True)),
        ("::1", "http", ("::1", True)),
        ("10.1.2.3", "http", ("10.1.2.3", False)),
        ("10.1.2.3", "https", ("10.1.2.3", True)),
        (None, "http", ("", False)),
    ],
)
def test_the_connection_counts_and_headers_do_not(client: str | None, scheme: str, found: tuple[str, bool]) -> None:
    assert origin_of(scope(client, scheme), {b"x-forwarded-for": b"1.2.3.4"}, proxied=False) == found


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (b"203.0.113.9", "203.0.113.9"),
        (b"1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (b"1.2.3.4,2001:db8::9", "2001:db8::9"),
        (b"1.2.3.4, unknown", ""),
        (b"", ""),
    ],
)
def test_behind_a_proxy_its_own_word_counts(header: bytes, address: str) -> None:
    assert origin_of(scope("10.0.0.1"), {b"x-forwarded-for": header}, proxied=True) == (address, True)
