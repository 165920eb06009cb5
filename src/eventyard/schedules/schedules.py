"""The schedules and groups of all accounts and regions: durable first, then in memory, then fired by the clock."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from eventyard.chore import every
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, NotFound
from eventyard.event import new_ids
from eventyard.firing import Firings
from eventyard.schedules.deletions import Deletions
from eventyard.schedules.letters import is_notification
from eventyard.schedules.resources import DEFAULT_GROUP, Group, Schedule, group_arn, group_of
from eventyard.schedules.timing import Jitter, body_of, firing_of, log_of
from eventyard.store import Catalog, Change

log = structlog.get_logger("schedules")

_GROUP, _SCHEDULE = "schedule-group", "schedule"
_SWEEP = 5.0
_encode = msgspec.json.Encoder().encode


class Schedules:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other. ``jitter``: see ``timing``."""

    def __init__(self, catalog: Catalog, clock: Clock, firings: Firings, jitter: Jitter) -> None:
        self._catalog = catalog
        self._clock = clock
        self._firings = firings
        self._jitter = jitter
        self._started = clock.now()
        self._groups: dict[str, Group] = {}
        self._schedules: dict[str, dict[str, Schedule]] = {}
        self._turn = asyncio.Lock()
        self._deleted = Deletions()

    async def load(self) -> None:
        """Bring all back. Call once, before the engine and the timetable start."""
        for value in (await self._catalog.load(_GROUP)).values():
            group = msgspec.json.decode(value, type=Group)
            self._groups[group.arn] = group
        for value in (await self._catalog.load(_SCHEDULE)).values():
            schedule = msgspec.json.decode(value, type=Schedule)
            try:
                self._keep(schedule)
            except InvalidRequest as error:
                # A time zone or a kind of target that this machine hasn't got must not keep the server from starting.
                log.error("a schedule can't be fired here", schedule=schedule.arn, reason=error.message)

    async def run(self) -> None:
        """Delete, for ever, the schedules that are to go once they are done."""
        await every(_SWEEP, self._clock, self.sweep, "completed schedules stay for now")

    async def sweep(self) -> None:
        """Delete the schedules that are to go and are done: all fired, and settled."""
        known = [schedule for schedules in self._schedules.values() for schedule in schedules.values()]
        going = {one.arn: one for one in known if one.after_completion == "DELETE"}
        for arn in await self._firings.spent(list(going)):
            async with self._turn:
                # It may have been changed meanwhile, and then it is not done.
                if self.get(arn) is going[arn]:
                    await self._delete(going[arn])

    # --- groups -----------------------------------------------------------------------------------------------------

    def group(self, arn: str) -> Group:
        """The group. Raises NotFound. Each account has a default group in each region."""
        found = self._groups.get(arn)
        if found is None and arn.endswith(f":schedule-group/{DEFAULT_GROUP}"):
            return Group(arn=arn, name=DEFAULT_GROUP, created=self._started, modified=self._started)
        if found is None:
            raise NotFound(f"Schedule group {arn.rpartition('/')[2]} does not exist.")
        return found

    def groups(self, account: str, region: str) -> list[Group]:
        """The groups of an account in a region by name, the default group among them."""
        default = group_arn(account, region, DEFAULT_GROUP)
        head = default.removesuffix(DEFAULT_GROUP)
        found = {arn: group for arn, group in self._groups.items() if arn.startswith(head)}
        found[default] = self.group(default)
        return sorted(found.values(), key=lambda group: group.name)

    async def create_group(self, group: Group) -> None:
        """Raises Conflict if there is one of that name that wasn't made with the same client token and tags."""
        async with self._turn:
            known = self._groups.get(group.arn)
            if known is not None and known.token == group.token is not None and known.tags == group.tags:
                return
            if known is not None or group.name == DEFAULT_GROUP:
                raise Conflict(f"Schedule group {group.name} already exists.", "ConflictException")
            await self._put_group(group)

    async def delete_group(self, arn: str, token: str | None = None) -> None:
        """Delete a group and all its schedules. Raises NotFound, unless it was deleted with the same client token, and
        InvalidRequest for the default group."""
        async with self._turn:
            if arn not in self._groups and self._deleted.was(arn, token):
                return
            group = self.group(arn)
            if group.name == DEFAULT_GROUP:
                raise InvalidRequest("The default schedule group can't be deleted.")
            gone = self._schedules.get(arn, {})
            changes = [Change(_SCHEDULE, schedule.arn, None) for schedule in gone.values()]
            await self._catalog.apply([*changes, Change(_GROUP, arn, None)])
            del self._groups[arn]
            self._deleted.note(arn, token)
            for schedule in self._schedules.pop(arn, {}).values():
                self._firings.forget(schedule.arn)
            self._firings.drop_log(log_of(arn))

    async def tag_group(self, arn: str, tags: dict[str, str]) -> None:
        """Give the group exactly these tags. Raises NotFound."""
        async with self._turn:
            await self._put_group(msgspec.structs.replace(self.group(arn), tags=tags, modified=self._clock.now()))

    # --- schedules --------------------------------------------------------------------------------------------------

    def get(self, arn: str) -> Schedule | None:
        """The schedule, or None."""
        return self._schedules.get(group_of(arn), {}).get(arn)

    def find(self, arn: str) -> Schedule:
        """The schedule. Raises NotFound."""
        found = self.get(arn)
        if found is None:
            raise NotFound(f"Schedule {arn.rpartition('/')[2]} does not exist.")
        return found

    def list(self, group: str) -> list[Schedule]:
        """The schedules of the group with this ARN by name. Raises NotFound."""
        self.group(group)
        return sorted(self._schedules.get(group, {}).values(), key=lambda schedule: schedule.name)

    async def create(self, schedule: Schedule) -> None:
        """Raises NotFound without the group, InvalidRequest for what can't be scheduled, and Conflict if there is one
        of that name, unless it was made by the same request with the same client token."""
        async with self._turn:
            self.group(group_of(schedule.arn))
            firing_of(schedule, self._jitter)
            known = self.get(schedule.arn)
            if known is not None:
                if schedule.token is not None and (known.token, known.request) == (schedule.token, schedule.request):
                    return
                raise Conflict(f"Schedule {schedule.name} already exists.", "ConflictException")
            await self._put(schedule)

    async def update(self, schedule: Schedule) -> None:
        """Replace the schedule of that name, which keeps its creation time; ``schedule.token`` is this change's, and a
        change that was made with it is not made again. Raises NotFound and InvalidRequest."""
        async with self._turn:
            known, token = self.find(schedule.arn), schedule.token
            if token is not None and (known.update, known.request) == (token, schedule.request):
                return
            schedule = msgspec.structs.replace(schedule, created=known.created, token=known.token, update=token)
            if schedule.timing == known.timing:
                schedule = msgspec.structs.replace(schedule, since=known.since)
            firing_of(schedule, self._jitter)
            await self._put(schedule)

    async def delete(self, arn: str, token: str | None = None) -> None:
        """Raises NotFound, unless it was deleted with the same client token."""
        async with self._turn:
            if self.get(arn) is None and self._deleted.was(arn, token):
                return
            await self._delete(self.find(arn))
            self._deleted.note(arn, token)

    async def again(self, arn: str, text: str, moment: int, dry_run: bool = False) -> None:
        """Deliver ``text``, in the place of its Input, to the target of a schedule; durable when this returns.
        ``moment``: when it was due. Raises NotFound, and InvalidRequest for another text than the default notification
        where the schedule has no Input."""
        schedule = self.find(arn)
        plain = schedule.target.get("Input") is None
        if plain and not is_notification(text, arn):
            raise InvalidRequest(f"Schedule {schedule.name} has no Input that could be replaced.")
        if not dry_run:
            (id,) = new_ids(1, self._clock.now())
            await self._firings.again(arn, body_of(schedule, None if plain else text)(id, moment))

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _put_group(self, group: Group) -> None:
        await self._catalog.apply([Change(_GROUP, group.arn, _encode(group))])
        self._groups[group.arn] = group

    async def _put(self, schedule: Schedule) -> None:
        await self._catalog.apply([Change(_SCHEDULE, schedule.arn, _encode(schedule))])
        self._keep(schedule)

    def _keep(self, schedule: Schedule) -> None:
        self._schedules.setdefault(group_of(schedule.arn), {})[schedule.arn] = schedule
        self._firings.keep(firing_of(schedule, self._jitter))

    async def _delete(self, schedule: Schedule) -> None:
        await self._catalog.apply([Change(_SCHEDULE, schedule.arn, None)])
        self._schedules[group_of(schedule.arn)].pop(schedule.arn, None)
        self._firings.forget(schedule.arn)
