"""Archives: create, update, describe, list and delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.api.events.managed import RuleBook
from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.archives import Archive, Archives, Holding, archive_arn
from eventyard.bus.directory import Directory, no_bus
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest
from eventyard.event import new_ids
from eventyard.names import Arn
from eventyard.pattern import parse
from eventyard.wire import Caller, Handler

#: An archive takes events from the moment that it is answered, so it has no other state.
_STATE = "ENABLED"


class ArchiveOperations:
    """The operations on archives."""

    def __init__(self, archives: Archives, directory: Directory, book: RuleBook, clock: Clock) -> None:
        self._archives = archives
        self._directory = directory
        self._book = book
        self._clock = clock

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateArchive": self.create,
            "DeleteArchive": self.delete,
            "DescribeArchive": self.describe,
            "ListArchives": self.list,
            "UpdateArchive": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        bus, pattern = params["EventSourceArn"], params.get("EventPattern") or None
        arn = Arn.parse(bus)
        if arn is None or not arn.resource.startswith("event-bus/"):
            raise InvalidRequest(
                f"Parameter {bus} is not valid. Reason: EventSourceArn must be the ARN of an event bus."
            )
        if (arn.account, arn.region) != (caller.account, caller.region):
            raise InvalidRequest(
                f"Parameter {bus} is not valid. Reason: The event bus must be of the account and region of the archive."
            )
        if pattern is not None:
            parse(pattern)
        if not self._directory.has_bus(bus):
            raise no_bus(bus)
        self._book.refuse_name_of(params["ArchiveName"], bus)
        now, name = self._clock.now(), archive_arn(caller.account, caller.region, params["ArchiveName"])
        archive = Archive(
            arn=name,
            name=params["ArchiveName"],
            bus=bus,
            log=f"{name}#{new_ids(1, now)[0]}",
            created=now,
            description=params.get("Description") or None,
            pattern=pattern,
            days=params.get("RetentionDays") or 0,
            kms_key=params.get("KmsKeyIdentifier") or None,
        )
        await self._archives.create(archive)
        return _answer(archive)

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """What is left out stays as it is; an empty text takes the setting away."""
        changes: dict[str, Any] = {
            field: params[member] or empty
            for member, field, empty in (
                ("Description", "description", None),
                ("EventPattern", "pattern", None),
                ("RetentionDays", "days", 0),
                ("KmsKeyIdentifier", "kms_key", None),
            )
            if params.get(member) is not None
        }
        if not changes:
            raise InvalidRequest("At least one of Description, EventPattern, RetentionDays must be specified.")
        if changes.get("pattern") is not None:
            parse(changes["pattern"])
        archive = await self._archives.change(
            _arn(caller, params), lambda archive: msgspec.structs.replace(archive, **changes)
        )
        return _answer(archive)

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        archive = self._archives.find(_arn(caller, params))
        holding = (await self._archives.holdings())(archive)
        return {
            "ArchiveArn": archive.arn,
            **_summary(archive, holding),
            **given(Description=archive.description, EventPattern=archive.pattern, KmsKeyIdentifier=archive.kms_key),
        }

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        name, wanted = one_filter(params, "ListArchives")
        archives = self._archives.list(archive_arn(caller.account, caller.region, wanted if name == "prefix" else ""))
        if name == "source":
            archives = [archive for archive in archives if archive.bus == wanted]
        elif name == "state" and wanted != _STATE:
            archives = []
        listing = f"archives {caller.account} {caller.region} {name} {wanted}"
        shown, token = page(archives, lambda archive: archive.name, params, listing)
        holding = await self._archives.holdings()
        return given(Archives=[_summary(archive, holding(archive)) for archive in shown], NextToken=token)

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._archives.delete(_arn(caller, params))
        return {}


def one_filter(params: Mapping[str, Any], operation: str) -> tuple[str, str]:
    """Which of the filters of ListArchives and ListReplays is given (prefix, source, state, or none), and its value.

    Raises InvalidRequest for more than one: "filter parameters are exclusive" (API Reference)."""
    members = {"NamePrefix": "prefix", "EventSourceArn": "source", "State": "state"}
    found = [(name, params[member]) for member, name in members.items() if params.get(member) is not None]
    if len(found) > 1:
        raise InvalidRequest(
            f"At most one filter is allowed for {operation}. Use either : State, EventSourceArn, or NamePrefix."
        )
    return found[0] if found else ("", "")


def _arn(caller: Caller, params: Mapping[str, Any]) -> str:
    return archive_arn(caller.account, caller.region, params["ArchiveName"])


def _answer(archive: Archive) -> dict[str, Any]:
    return {"ArchiveArn": archive.arn, "State": _STATE, "CreationTime": archive.created / 1000}


def _summary(archive: Archive, holding: Holding) -> dict[str, Any]:
    return {
        "ArchiveName": archive.name,
        "EventSourceArn": archive.bus,
        "State": _STATE,
        "RetentionDays": archive.days,
        "SizeBytes": holding.size,
        "EventCount": holding.events,
        "CreationTime": archive.created / 1000,
    }
