"""By which names a server may be addressed."""

from __future__ import annotations

import pytest

from eventyard.hosts import Hosts


@pytest.mark.parametrize("header", ["localhost", "127.0.0.1:4010", "[::1]:4010", "LOCALHOST:1", "127.0.0.2:80"])
def test_names_of_loopback_are_its_own(header: str) -> None:
    assert Hosts.on_loopback("127.0.0.2").has(header)


@pytest.mark.parametrize(
    "header", ["", "evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "[::1", "[x]"]
)
def test_others_are_not(header: str) -> None:
    assert not Hosts.on_loopback().has(header)


def test_where_names_do_not_matter_any_will_do() -> None:
    assert Hosts().has("evil.example")
