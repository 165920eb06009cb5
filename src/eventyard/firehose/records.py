"""Records of delivery streams in the form in which a log keeps them, sealed where the stream says so."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from eventyard.event import Event, new_ids
from eventyard.firehose.resources import Hose
from eventyard.vault import Vault


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a record's event: version and id come first, as in every event; bytes become base64. ``sealed``:
    ``data`` is encrypted."""

    version: str
    id: str
    data: bytes
    sealed: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


class Envelope:
    """Puts records into events and takes them out again. ``vault``: seals those of streams that are encrypted."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def put(self, hose: Hose, records: Sequence[bytes], now: int) -> tuple[list[str], list[Event]]:
        """The ids of ``records``, and the events that keep them."""
        ids = new_ids(len(records), now)
        return ids, [Event(_encode(self._kept(hose, id, data)), now) for id, data in zip(ids, records, strict=True)]

    def take(self, arn: str, event: Event) -> tuple[str, bytes]:
        """The id and the data of the record that ``event`` keeps. Raises Broken if it was sealed with another key."""
        kept = _decode(event.body)
        return kept.id, self._vault.unseal(_label(arn, kept.id), kept.data) if kept.sealed else kept.data

    def _kept(self, hose: Hose, id: str, data: bytes) -> _Kept:
        if hose.encryption is None:
            return _Kept("0", id, data)
        return _Kept("0", id, self._vault.seal(_label(hose.arn, id), data), True)


def _label(arn: str, id: str) -> str:
    return f"{arn} {id}"
