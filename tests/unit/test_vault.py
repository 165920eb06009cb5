"""Sealing secrets, and the file with the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventyard.clock import ManualClock
from eventyard.connections import Connection, Connections
from eventyard.destination import Access
from eventyard.errors import Broken, InvalidRequest
from eventyard.stores.memory import open_memory
from eventyard.vault import Vault

ARN = "arn:aws:events:eu-west-1:123456789012:connection/c/1"


def test_what_was_sealed_opens_after_a_restart(tmp_path: Path) -> None:
    sealed = Vault.open(tmp_path).seal("label", b"secret")
    assert b"secret" not in sealed
    assert Vault.open(tmp_path).unseal("label", sealed) == b"secret"


def test_nothing_opens_under_another_label_or_key_or_after_a_change(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    sealed = vault.seal("label", b"secret")
    for other, label, text in (
        (vault, "other", sealed),
        (Vault.open(None), "label", sealed),
        (vault, "label", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (vault, "label", b""),
    ):
        with pytest.raises(Broken):
            other.unseal(label, text)


def test_the_same_text_is_sealed_differently_each_time(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    assert len({vault.seal("label", b"secret") for _ in range(100)}) == 100


def test_the_key_is_the_owners_alone(tmp_path: Path) -> None:
    Vault.open(tmp_path)
    key = tmp_path / "connections.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(InvalidRequest, match="chmod 600"):
        Vault.open(tmp_path)


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    Vault.open(tmp_path)
    (tmp_path / "connections.key").write_bytes(b"short")
    with pytest.raises(Broken, match="32 bytes"):
        Vault.open(tmp_path)


async def test_a_lost_key_stops_nobody_but_the_connection_until_it_is_given_its_secret_anew() -> None:
    store, clock = await open_memory(), ManualClock()
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}}
    made = Connection(
        arn=ARN, name="c", created=1, modified=1, kind="API_KEY", state="", secret_arn="", shown={}, sealed=b""
    )
    await Connections(store.catalog, Vault.open(None), clock).create(made, parameters)
    asked: list[Access] = []
    later = Connections(store.catalog, Vault.open(None), clock)
    await later.load(asked.append)
    home = ARN.removesuffix("/c/1")
    found = later.find(home, "c")
    with pytest.raises(Broken):
        later.parameters(found)
    await later.update(home, "c", lambda known, old: (known, parameters))
    assert later.parameters(later.find(home, "c")) == parameters
