"""Lines of what runs here, such as functions: taken at once, written a moment later. Who logs waits for no disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from eventyard.clock import Clock, wait_for
from eventyard.errors import Conflict, EventyardError, NotFound
from eventyard.loggroups.groups import LogGroups
from eventyard.loggroups.resources import Group, LogEvent

log = structlog.get_logger("loggroups")

#: Letters of lines that wait; what comes beyond is left out, and told of.
_MOST_WAITING = 16 << 20
_LONGEST_LINE = 256 << 10
_STUMBLE = 1.0


class Notes:
    """Writes to ``groups``; groups and streams are made when something is written to them."""

    def __init__(self, groups: LogGroups, clock: Clock) -> None:
        self._groups = groups
        self._clock = clock
        self._waiting: dict[tuple[str, str], list[LogEvent]] = {}
        self._size = 0
        self._left_out = 0
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def take(self, group: str, stream: str, lines: Sequence[str]) -> None:
        """Write ``lines`` to a stream of the group with ARN ``group``, some time soon and in order; empty ones are left
        out. Does not wait, and does not fail."""
        now, events = self._clock.now(), self._waiting.setdefault((group, stream), [])
        for line in filter(None, lines):
            if self._size + len(line) > _MOST_WAITING:
                self._left_out += 1
                continue
            events.append(LogEvent(now, line[:_LONGEST_LINE].encode("utf-8", "replace").decode()))
            self._size += len(line)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="log lines")

    async def close(self) -> None:
        """Write what waits, if that can be done now."""
        self._closing.set()
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while self._waiting:
                (group, stream), events = next(iter(self._waiting.items()))
                size, last = len(events), self._closing.is_set()
                try:
                    if events:
                        await self._put(group, stream, events[:size])
                except EventyardError as error:
                    log.warning("lines of a log have to wait", group=group, lines=size, reason=error.message)
                    if last:
                        return
                    await wait_for(self._closing, self._clock, _STUMBLE)
                    continue
                self._size -= sum(len(event.message) for event in events[:size])
                del events[:size]
                if not events:
                    self._waiting.pop((group, stream), None)
                if self._left_out:
                    log.error("lines were left out, because too many wait", lines=self._left_out)
                    self._left_out = 0
        finally:
            self._writing = None

    async def _put(self, group: str, stream: str, events: Sequence[LogEvent]) -> None:
        try:
            self._groups.get(group)
        except NotFound:
            name = group.partition(":log-group:")[2]
            with contextlib.suppress(Conflict):  # somebody else may make it meanwhile
                await self._groups.create(Group(arn=group, name=name, created=self._clock.now()))
        await self._groups.write(group, stream, events)
