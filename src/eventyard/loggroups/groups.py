"""The log groups and streams of all accounts and regions: durable first, then in memory; their events are in files."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence

import msgspec

from eventyard.chore import every
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound
from eventyard.loggroups.desk import Desk
from eventyard.loggroups.files import Files, Summary
from eventyard.loggroups.reading import Page, Query, read_page
from eventyard.loggroups.resources import (
    EVENT_BYTES,
    MOST_BYTES,
    NEWEST,
    OLDEST,
    SPAN,
    Group,
    LogEvent,
    Policy,
    Rejected,
    Stream,
    invalid,
)
from eventyard.store import Catalog, Change

_GROUP, _STREAM, _POLICY = "log-group", "log-stream", "log-policy"
_SWEEP = 600.0
#: Resource policies of an account in a region (PutResourcePolicy).
_MOST_POLICIES = 10
_encode = msgspec.json.Encoder().encode


class LogGroups:
    """Lists answer from memory. Changes are coroutines that return when the change is durable; those of groups and
    streams happen one after the other."""

    def __init__(self, catalog: Catalog, clock: Clock, files: Files) -> None:
        self._catalog = catalog
        self._clock = clock
        self._files = files
        self._desk = Desk(files, clock)
        self._groups: dict[str, Group] = {}
        self._streams: dict[str, dict[str, Stream]] = {}
        self._policies: dict[tuple[str, str], dict[str, Policy]] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back. Call once."""
        for value in (await self._catalog.load(_GROUP)).values():
            group = msgspec.json.decode(value, type=Group)
            self._groups[group.arn] = group
        for value in (await self._catalog.load(_STREAM)).values():
            stream = msgspec.json.decode(value, type=Stream)
            self._streams.setdefault(stream.group, {})[stream.name] = stream
        for value in (await self._catalog.load(_POLICY)).values():
            policy = msgspec.json.decode(value, type=Policy)
            self._policies.setdefault((policy.account, policy.region), {})[policy.name] = policy

    async def run(self) -> None:
        """Delete, for ever, the files of days that have expired."""
        await every(_SWEEP, self._clock, self.sweep, "expired logs stay for now")

    async def sweep(self) -> None:
        """Delete the files of days that have expired."""
        for group in list(self._groups.values()):
            oldest = group.oldest(self._clock.now())
            for stream in list(self._streams.get(group.arn, {}).values()) if oldest else ():
                await self._desk.do(lambda stream=stream, oldest=oldest: self._files.expire(stream, oldest))  # type: ignore[misc]  # defaults of a lambda

    async def close(self) -> None:
        """Finish what is in hand."""
        await self._desk.close()

    # --- groups -----------------------------------------------------------------------------------------------------

    def get(self, arn: str) -> Group:
        """The group with ``arn``. Raises NotFound."""
        found = self._groups.get(arn)
        if found is None:
            raise NotFound("The specified log group does not exist.")
        return found

    def groups(self, head: str) -> list[Group]:
        """The groups whose ARNs begin with ``head``, by name."""
        return sorted(
            (group for arn, group in self._groups.items() if arn.startswith(head)), key=lambda group: group.name
        )

    async def size(self, group: Group) -> int:
        """Bytes that its files take."""
        return await self._desk.do(lambda: self._files.size(group.arn, group.oldest(self._clock.now())))

    async def create(self, group: Group) -> None:
        """Raises Conflict if there is one of that name."""
        async with self._turn:
            if group.arn in self._groups:
                raise Conflict("The specified log group already exists")
            await self._desk.do(
                lambda: self._files.drop_group(group.arn)
            )  # what a deletion may have left before a crash
            await self._put(group)

    async def change(self, arn: str, edit: Callable[[Group], Group]) -> None:
        """Keep what ``edit`` makes of a group. Raises NotFound."""
        async with self._turn:
            await self._put(edit(self.get(arn)))

    async def delete(self, arn: str) -> None:
        """Delete a group with its streams and events. Raises NotFound, and InvalidRequest for one that is protected."""
        async with self._turn:
            group = self.get(arn)
            if group.locked:
                raise InvalidRequest("The log group has deletion protection enabled and can't be deleted.")
            gone = self._streams.get(arn, {}).values()
            changes = [Change(_STREAM, stream.arn, None) for stream in gone]
            await self._catalog.apply([*changes, Change(_GROUP, arn, None)])
            del self._groups[arn]
            self._streams.pop(arn, None)
            await self._desk.do(lambda: self._files.drop_group(arn))

    # --- streams ----------------------------------------------------------------------------------------------------

    def stream(self, group: str, name: str) -> Stream:
        """Raises NotFound."""
        self.get(group)
        found = self._streams.get(group, {}).get(name)
        if found is None:
            raise NotFound("The specified log stream does not exist.")
        return found

    def streams(self, group: str) -> list[Stream]:
        """The streams of a group, by name. Raises NotFound."""
        self.get(group)
        return sorted(self._streams.get(group, {}).values(), key=lambda stream: stream.name)

    async def summaries(self, streams: Sequence[Stream]) -> list[Summary | None]:
        """None for a stream without events."""
        now = self._clock.now()
        oldest = {stream.group: self.get(stream.group).oldest(now) for stream in streams}
        return await self._desk.do(lambda: [self._files.summary(stream, oldest[stream.group]) for stream in streams])

    async def create_stream(self, group: str, name: str) -> None:
        """Raises NotFound without the group, Conflict if there is a stream of that name."""
        async with self._turn:
            self.get(group)
            if name in self._streams.get(group, {}):
                raise Conflict("The specified log stream already exists")
            stream = Stream(group=group, name=name, created=self._clock.now())
            await self._desk.do(lambda: self._files.drop(stream))
            await self._catalog.apply([Change(_STREAM, stream.arn, _encode(stream))])
            self._streams.setdefault(group, {})[name] = stream

    async def delete_stream(self, group: str, name: str) -> None:
        """Delete a stream with its events. Raises NotFound."""
        async with self._turn:
            stream = self.stream(group, name)
            if self.get(group).locked:
                raise InvalidRequest("The log group has deletion protection enabled, so its streams can't be deleted.")
            await self._catalog.apply([Change(_STREAM, stream.arn, None)])
            del self._streams[group][name]
            await self._desk.do(lambda: self._files.drop(stream))

    # --- events -----------------------------------------------------------------------------------------------------

    async def put(self, group: str, name: str, events: Sequence[LogEvent]) -> Rejected:
        """Append the events of a batch that are neither too old nor too new; durable when this returns.

        Raises NotFound without the stream, InvalidRequest for a batch that is too large, not in order, or longer than
        a day, and TryAgain when there is no room; then any part may be there."""
        stream, now = self.stream(group, name), self._clock.now()
        size = sum(len(event.message.encode()) + EVENT_BYTES for event in events)
        if size > MOST_BYTES:
            raise invalid(f"Upload too large: {size} bytes exceeds limit of {MOST_BYTES}")
        if any(after.timestamp < before.timestamp for before, after in itertools.pairwise(events)):
            raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
        first = max(now - OLDEST, self.get(group).oldest(now))
        too_old = sum(event.timestamp < now - OLDEST for event in events)
        expired = sum(event.timestamp < first for event in events)
        taken = [event for event in events[expired:] if event.timestamp <= now + NEWEST]
        if taken and taken[-1].timestamp - taken[0].timestamp > SPAN:
            raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
        if taken:
            await self._desk.append(stream, taken)
        too_new = expired + len(taken)
        return Rejected(
            too_old or None, expired if expired > too_old else None, too_new if too_new < len(events) else None
        )

    async def write(self, group: str, name: str, events: Sequence[LogEvent]) -> None:
        """For who makes the events here: append all of them, whatever their times, to a stream that is made if it isn't
        there. Raises NotFound without the group, and TryAgain."""
        self.get(group)
        if name not in self._streams.get(group, {}):
            with contextlib.suppress(Conflict):  # another write may make it meanwhile
                await self.create_stream(group, name)
        await self._desk.append(self.stream(group, name), sorted(events, key=lambda event: event.timestamp))

    async def read(self, group: str, names: Sequence[str], query: Query) -> Page:
        """Raises NotFound without the group or one of the streams."""
        streams = [self.stream(group, name) for name in names]
        low = max(query.low, self.get(group).oldest(self._clock.now()))
        kept = msgspec.structs.replace(query, low=low)
        return await self._desk.do(lambda: read_page(self._files, streams, kept))

    # --- policies ---------------------------------------------------------------------------------------------------

    def policies(self, account: str, region: str) -> list[Policy]:
        """By name."""
        return sorted(self._policies.get((account, region), {}).values(), key=lambda policy: policy.name)

    async def put_policy(self, policy: Policy) -> None:
        """Raises LimitExceeded for one policy too many."""
        async with self._turn:
            known = self._policies.setdefault((policy.account, policy.region), {})
            if policy.name not in known and len(known) >= _MOST_POLICIES:
                raise LimitExceeded("Resource limit exceeded.")
            await self._catalog.apply([Change(_POLICY, _policy_key(policy), _encode(policy))])
            known[policy.name] = policy

    async def delete_policy(self, account: str, region: str, name: str) -> None:
        """Raises NotFound."""
        async with self._turn:
            policy = self._policies.get((account, region), {}).get(name)
            if policy is None:
                raise NotFound(f"Policy with name [{name}] does not exist.")
            await self._catalog.apply([Change(_POLICY, _policy_key(policy), None)])
            del self._policies[account, region][name]

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _put(self, group: Group) -> None:
        await self._catalog.apply([Change(_GROUP, group.arn, _encode(group))])
        self._groups[group.arn] = group


def _policy_key(policy: Policy) -> str:
    return f"{policy.account} {policy.region} {policy.name}"
