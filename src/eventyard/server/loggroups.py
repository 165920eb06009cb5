"""The log groups of a house, what writes to them, and their door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eventyard.api.loggroups import loggroups_door
from eventyard.clock import Clock
from eventyard.errors import NotFound
from eventyard.loggroups import LogEvent, LogGroups, Notes, group_of
from eventyard.loggroups.files import Files
from eventyard.store import Catalog
from eventyard.target import Target
from eventyard.targets.loggroup import LogGroupTarget
from eventyard.wire import Door


class LogKeeping:
    """``root``: the directory for all files. ``durable``: whether they are to outlive a power cut."""

    def __init__(self, catalog: Catalog, clock: Clock, root: Path, durable: bool) -> None:
        self.groups = LogGroups(catalog, clock, Files(root, durable))
        self._clock = clock
        self._notes = Notes(self.groups, clock)
        #: ``note(group, stream, lines)``: for what runs here and logs, such as functions; see :meth:`Notes.take`.
        self.note = self._notes.take
        self.load, self.run = self.groups.load, self.groups.run

    async def close(self) -> None:
        """Finish what is in hand. Nobody logs any more."""
        await self._notes.close()
        await self.groups.close()

    def door(self) -> Door:
        return loggroups_door(self.groups, self._clock)

    def target(self, arn: str, parameters: Mapping[str, Any]) -> Target:
        """See :data:`eventyard.server.kinds.Make`; the parameters are those of a pipe's CloudWatchLogsParameters."""
        return LogGroupTarget(self._put, self._clock, arn, parameters.get("CloudWatchLogsParameters") or {})

    async def _put(self, arn: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        group = group_of(arn)
        if group is None:
            raise NotFound(f"{arn} is not the ARN of a log group.")
        await self.groups.write(group, stream, [LogEvent(timestamp, message) for timestamp, message in events])
