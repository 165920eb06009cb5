"""Records of encrypted streams lie sealed in the log, each under its own name, and open with the server's key alone."""

from __future__ import annotations

import msgspec
import pytest

from eventyard.errors import Broken
from eventyard.streams import Entry
from eventyard.streams.records import Envelope
from eventyard.vault import Vault
from tests.unit.streams.conftest import Yard


async def test_sealed_records_open_with_the_same_key_only(yard: Yard) -> None:
    stream = msgspec.structs.replace(await yard.make(), key_id="alias/k")
    (event,) = Envelope(yard.vault).put(stream, [Entry(b"secret", "key")], 1)
    assert b"secret" not in event.body
    assert b'key"' not in event.body.replace(b'"key":""', b"")
    read = Envelope(yard.vault).take(stream, event, "1")
    assert (read.data, read.key, read.sealed) == (b"secret", "key", True)
    with pytest.raises(Broken):
        Envelope(Vault.open(None)).take(stream, event, "1")
    with pytest.raises(Broken):
        Envelope(yard.vault).take(msgspec.structs.replace(stream, arn="other"), event, "1")


async def test_records_stay_readable_when_encryption_begins_and_ends(yard: Yard) -> None:
    stream = await yard.make()
    await yard.put(stream, "open")
    await yard.streams.change(stream.arn, lambda now: msgspec.structs.replace(now, key_id="alias/k"))
    await yard.put(stream, "sealed")
    await yard.streams.change(stream.arn, lambda now: msgspec.structs.replace(now, key_id=None))
    await yard.put(stream, "open again")
    records = (await yard.page(stream)).records
    assert [(one.data, one.sealed) for one in records] == [(b"open", False), (b"sealed", True), (b"open again", False)]
