"""The replays of all accounts and regions, durable first, and one task for each that isn't done. ``copier`` copies.

A replay copies the events of its window from the archive's log to a log of its own, with ``replay-name`` in them, and
has the rules' targets subscribed to that. How far it has come is kept with it, so it goes on after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from eventyard.archives.archives import Archives
from eventyard.archives.contract import Player, Recorder
from eventyard.archives.copier import Copier
from eventyard.archives.order import Order
from eventyard.archives.resources import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    FAILED,
    RUNNING,
    STARTING,
    Replay,
    name_of,
)
from eventyard.clock import Clock
from eventyard.errors import Broken, Conflict, EventyardError, InvalidRequest, LimitExceeded, NotFound
from eventyard.store import Catalog, Change, EventLog

log = structlog.get_logger("archives.replays")

_KIND = "replay"
_MOST_ACTIVE = 10
#: AWS keeps replays for 90 days (User Guide, "Archiving and replaying events").
_KEPT = 90 * 86_400_000
_STUMBLE = 1.0
_LOOK, _LONGEST_LOOK = 0.05, 30.0
#: Wait no longer (s) for an archive to take what its bus has: then something is wrong with it, not with the replay.
_PATIENCE = 60.0
#: So many events are copied ahead of the slowest target.
_AHEAD = 500

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Replay).decode


class Replays:
    """Reads answer from memory; changes are coroutines that return when the change is durable."""

    def __init__(
        self, catalog: Catalog, eventlog: EventLog, clock: Clock, archives: Archives, recorder: Recorder, player: Player
    ) -> None:
        self._catalog = catalog
        self._log = eventlog
        self._clock = clock
        self._archives = archives
        self._recorder = recorder
        self._player = player
        self._replays: dict[str, Replay] = {}
        self._turn = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def load(self) -> None:
        """Bring all back. Call once, after the archives' ``load`` and before the engine starts."""
        for value in (await self._catalog.load(_KIND)).values():
            replay = _decode(value)
            self._replays[replay.arn] = replay
            if not replay.closed:
                self._player.open(replay.log, replay.bus, replay.rules)

    def start(self) -> None:
        """Go on with those that are not done. Call once, after the engine's ``start``."""
        for replay in self._replays.values():
            if not replay.closed:
                self._begin(replay.arn)

    async def close(self) -> None:
        """Stop at once; the next start goes on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def find(self, arn: str) -> Replay:
        """The replay. Raises NotFound."""
        found = self._replays.get(arn)
        if found is None:
            raise NotFound(f"Replay {name_of(arn)} does not exist.")
        return found

    def list(self, head: str) -> list[Replay]:
        """The replays by name whose ARN starts with ``head``."""
        found = [replay for arn, replay in self._replays.items() if arn.startswith(head)]
        return sorted(found, key=lambda replay: replay.name)

    async def create(self, replay: Replay) -> Replay:
        """Start ``replay``, and answer with it as it is kept. What its bus acknowledged before is part of it.

        Raises Conflict if there is one of that name, and LimitExceeded when ten are active in the account."""
        async with self._turn:
            await self._forget_old()
            if replay.arn in self._replays:
                raise Conflict(f"Replay {replay.name} already exists.")
            head = replay.arn.removesuffix(replay.name)
            if sum(other.active for other in self.list(head)) >= _MOST_ACTIVE:
                raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
            bounds = (await self._log.bounds()).get(replay.bus)
            replay = msgspec.structs.replace(
                replay, behind=bounds.last if bounds else 0, started=self._clock.now(), state=STARTING
            )
            await self._put(replay)
            self._player.open(replay.log, replay.bus, replay.rules)
            self._begin(replay.arn)
            return replay

    async def cancel(self, arn: str) -> Replay:
        """Copy no more; what was copied is still delivered. Raises NotFound, and InvalidRequest unless it is starting
        or running."""

        def change(replay: Replay) -> Replay:
            if replay.state not in (STARTING, RUNNING):
                raise InvalidRequest(
                    f"Replay {replay.name} is not in a valid state for this operation.", "IllegalStatusException"
                )
            return msgspec.structs.replace(replay, state=CANCELLING)

        return await self._change(arn, change)

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _forget_old(self) -> None:
        oldest = self._clock.now() - _KEPT
        for arn in [arn for arn, replay in self._replays.items() if replay.closed and (replay.ended or 0) < oldest]:
            await self._catalog.apply([Change(_KIND, arn, None)])
            del self._replays[arn]

    async def _put(self, replay: Replay) -> None:
        await self._catalog.apply([Change(_KIND, replay.arn, _encode(replay))])
        self._replays[replay.arn] = replay

    async def _change(self, arn: str, change: Callable[[Replay], Replay]) -> Replay:
        async with self._turn:
            replay = change(self.find(arn))
            await self._put(replay)
            return replay

    def _begin(self, arn: str) -> None:
        task = asyncio.get_running_loop().create_task(self._run(arn), name=f"replay {arn}")
        self._tasks[arn] = task
        task.add_done_callback(lambda task: self._tasks.pop(arn, None))

    async def _run(self, arn: str) -> None:
        while True:
            try:
                if self.find(arn).active:
                    await self._play(arn)
                await self._clear_up(arn)
                return
            except Broken:
                raise
            except EventyardError as error:
                log.warning("a replay is held up", replay=arn, reason=error.message)
            except Exception:  # a replay goes on from where it was, whatever it was: say it, and try again
                log.exception("a replay stumbled, trying again", replay=arn)
            await self._clock.sleep(_STUMBLE)

    async def _play(self, arn: str) -> None:
        if self.find(arn).until is None:
            await self._find_end(arn)
        order = Order(self._log, self.find(arn))
        while self.find(arn).state != CANCELLING and not order.known:
            await order.look()
        copier = Copier(self._log, self._clock, order)
        while (replay := self.find(arn)).state != CANCELLING and not replay.through:
            archive = self._archives.get(replay.archive)
            if archive is None or archive.log != replay.source:
                await self._end(arn, FAILED, f"Archive {name_of(replay.archive)} was deleted.")
                return
            if self._player.waiting(replay.log, replay.copied) > _AHEAD:
                await self._clock.sleep(_LOOK)
                continue
            await self._change(arn, (await copier.copy(replay)).apply)
        while (replay := self.find(arn)).state != CANCELLING and self._player.waiting(replay.log, replay.copied):
            await self._clock.sleep(_LOOK)
        await self._end(arn, CANCELLED if replay.state == CANCELLING else COMPLETED, None)

    async def _find_end(self, arn: str) -> None:
        """Wait until the archive has taken all that belongs to the replay, and keep where that ends."""
        replay, end = self.find(arn), self._clock.now() + int(_PATIENCE * 1000)
        while not self._recorder.reached(replay.source, replay.bus, replay.behind) and self._clock.now() < end:
            await self._clock.sleep(_LOOK)
            if self.find(arn).state == CANCELLING:
                break
        bounds = (await self._log.bounds()).get(replay.source)
        await self._change(
            arn,
            lambda now: msgspec.structs.replace(
                now,
                until=bounds.last if bounds else 0,
                state=RUNNING if now.state == STARTING else now.state,
            ),
        )

    async def _end(self, arn: str, state: str, reason: str | None) -> None:
        ended = self._clock.now()
        await self._change(arn, lambda now: msgspec.structs.replace(now, state=state, reason=reason, ended=ended))

    async def _clear_up(self, arn: str) -> None:
        """Give the log back once nothing of it has to be tried again."""
        replay, pause = self.find(arn), _LOOK
        while not await self._player.settled(replay.log, replay.copied):
            await self._clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK)
        await self._change(arn, lambda now: msgspec.structs.replace(now, closed=True))
        self._player.close(replay.log)
