"""What a stack has applied: the record that every apply goes on from, and who keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from eventyard.contract.finding import Place


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One resource of a stack. ``key``: what its service knows it by; None while it is being made and only the service
    can tell. ``properties``: as they were applied, in canonical form, secrets sealed. ``needs``: the ids of what it
    refers to or comes after. ``making``: asked for, and not seen to be there yet.
    ``asked``: the properties that were asked for last, as long as it isn't seen that they are there."""

    type: str
    key: Mapping[str, str] | None
    properties: Mapping[str, Any] = {}
    attributes: Mapping[str, Any] = {}
    needs: tuple[str, ...] = ()
    keep: bool = False
    place: Place = ("", 1, 1)
    making: bool = False
    asked: Mapping[str, Any] = {}


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """``salt``: of the seals of secrets. ``leftovers``: what was replaced and is still to be deleted, by id.
    ``holder``: who is applying it at the moment, host and process; "" if nobody is."""

    name: str
    salt: str
    resources: Mapping[str, Entry] = {}
    leftovers: tuple[tuple[str, Entry], ...] = ()
    outputs: Mapping[str, Any] = {}
    holder: str = ""

    def with_entry(self, id: str, entry: Entry | None) -> Record:
        """With another entry, or without one."""
        others = {key: value for key, value in self.resources.items() if key != id}
        return msgspec.structs.replace(self, resources=others if entry is None else {**others, id: entry})

    def without_leftover(self, id: str, entry: Entry) -> Record:
        left = tuple(each for each in self.leftovers if each != (id, entry))
        return msgspec.structs.replace(self, leftovers=left)


class Records(Protocol):
    """Where records are kept. A revision counts the writes of a record; 0: there is none."""

    def names(self) -> list[str]: ...

    def load(self, name: str) -> tuple[Record | None, int]: ...

    def save(self, record: Record, revision: int) -> int:
        """Keep it if ``revision`` is still the last one, and say the new one. Raises Conflict if it isn't."""
        ...

    def forget(self, name: str, revision: int) -> None:
        """Raises Conflict, too."""
        ...


class Ledger:
    """The record of one stack while it is applied: every write goes on from the one before, or fails."""

    def __init__(self, records: Records, record: Record, revision: int) -> None:
        self._records = records
        self.record = record
        self._revision = revision

    def keep(self, record: Record) -> None:
        """Raises Conflict if somebody else has written meanwhile."""
        self._revision = self._records.save(record, self._revision)
        self.record = record

    def forget(self) -> None:
        self._records.forget(self.record.name, self._revision)
