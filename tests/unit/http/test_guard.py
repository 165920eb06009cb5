"""Which addresses the guard lets through."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from eventyard.clock import ManualClock
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.targets.http.guard import LOOPBACK, Guard, parse_networks

PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "100.64.0.1", "100.127.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:4136:e378::1",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254", "168.63.129.16",
    "100.100.100.200", "192.0.0.192",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]


def guard(*networks: str, answers: Sequence[str] = (), clock: ManualClock | None = None) -> Guard:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return answers

    return Guard(clock or ManualClock(), parse_networks(networks), resolve)


@pytest.mark.parametrize("address", PRIVATE + METADATA)
def test_addresses_inside_are_refused(address: str) -> None:
    assert guard().judge(address) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through(address: str) -> None:
    assert guard().judge(address) is None


@pytest.mark.parametrize("address", ["fe80::1%eth0", "localhost", "2130706433", ""])
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    assert guard("0.0.0.0/0", "::/0").judge(address) is not None


def test_an_allowed_network_opens_itself_only() -> None:
    allowed = guard("10.1.0.0/16", "fd12::/32")
    assert allowed.judge("10.1.2.3") is None
    assert allowed.judge("::ffff:10.1.2.3") is None
    assert allowed.judge("fd12::7") is None
    assert allowed.judge("10.2.0.1") is not None
    assert allowed.judge("127.0.0.1") is not None


@pytest.mark.parametrize("address", METADATA)
def test_a_wide_network_does_not_open_metadata_addresses(address: str) -> None:
    assert guard("0.0.0.0/0", "::/0").judge(address) is not None


def test_metadata_addresses_are_opened_by_their_own_network() -> None:
    assert guard("169.254.169.254/32").judge("169.254.169.254") is None
    assert guard("169.254.169.254/32").judge("169.254.0.1") is not None


def test_development_opens_loopback_and_nothing_else() -> None:
    assert [guard(*LOOPBACK).judge(address) for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1")] == [None] * 3
    assert guard(*LOOPBACK).judge("10.0.0.1") is not None


async def test_only_the_good_addresses_of_a_name_are_called() -> None:
    mixed = guard(answers=["10.0.0.1", "8.8.8.8", "127.0.0.1", "1.1.1.1"])
    assert await mixed.addresses("example.com", 443) == ["8.8.8.8", "1.1.1.1"]


async def test_a_name_with_private_addresses_only_is_forbidden() -> None:
    with pytest.raises(Forbidden, match=r"10\.0\.0\.1 is not a public address"):
        await guard(answers=["10.0.0.1"]).addresses("internal.example.com", 443)


async def test_a_name_that_changes_its_mind_is_judged_again() -> None:
    answers = ["8.8.8.8"]
    clock = ManualClock()
    rebinding = guard(answers=answers, clock=clock)
    assert await rebinding.addresses("example.com", 80) == ["8.8.8.8"]
    answers[:] = ["169.254.169.254"]
    assert await rebinding.addresses("example.com", 80) == ["8.8.8.8"], "the judged address, never the new one"
    await clock.advance(6)
    with pytest.raises(Forbidden):
        await rebinding.addresses("example.com", 80)


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "0"])
async def test_other_spellings_of_loopback_are_refused_by_the_system_resolver(spelling: str) -> None:
    real = Guard(ManualClock())
    try:
        with pytest.raises((Forbidden, OSError)):
            await real.addresses(spelling, 80)
    finally:
        real.close()


def test_a_network_must_be_one() -> None:
    with pytest.raises(InvalidRequest, match=r"10\.1\.0\.0/33 is not a network"):
        parse_networks(["10.1.0.0/33"])
