"""The pipes of all accounts: durable first, then in memory, and each that is to run is run by a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import Conflict, EventyardError, NotFound
from eventyard.pipes.resources import RUNNING, Desired, Failed, Pipe
from eventyard.store import Catalog, Change

log = structlog.get_logger("pipes")

_KIND, _PLACE = "pipe", "pipe-place"
_STUMBLE = 1.0


class Source(Protocol):
    """What takes a pipe's records through, batch after batch."""

    async def begin(self) -> None:
        """Settle durably where the pipe begins, if that depends on now. Raises NotFound without the source."""
        ...

    async def turn(self) -> None:
        """One batch, after waiting for it. Raises NotFound without the source."""
        ...

    async def end(self) -> None:
        """Let go of what is still under way."""
        ...


class Pipes:
    """Reads answer from memory; changes are coroutines that return when the change is durable. ``make_source``: raises
    InvalidRequest for a pipe that can't be."""

    def __init__(self, catalog: Catalog, clock: Clock, make_source: Callable[[Pipe, Places], Source]) -> None:
        self._catalog = catalog
        self._clock = clock
        self._make_source = make_source
        self._pipes: dict[str, Pipe] = {}
        self._places: dict[str, int] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._reasons: dict[str, str] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back. Call once."""
        for value in (await self._catalog.load(_KIND)).values():
            pipe = msgspec.json.decode(value, type=Pipe)
            self._pipes[pipe.arn] = pipe
        self._places = {key: int(value) for key, value in (await self._catalog.load(_PLACE)).items()}

    def start(self) -> None:
        """Run those that are to run. Call once everything else runs."""
        for pipe in self._pipes.values():
            self._run(pipe)

    async def close(self) -> None:
        """Stop them. What was under way is taken through again after the next start."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def get(self, arn: str) -> Pipe:
        """The pipe with ``arn``. Raises NotFound."""
        pipe = self._pipes.get(arn)
        if pipe is None:
            raise NotFound(f"Pipe {arn.rpartition('/')[2]} does not exist.", "NotFoundException")
        return pipe

    def find(self, account: str, region: str, mappings: bool = False) -> list[Pipe]:
        """The pipes, or the event source mappings, of an account in a region, by name."""
        return [
            self._pipes[arn]
            for arn in sorted(self._pipes)
            if (self._pipes[arn].account, self._pipes[arn].region, self._pipes[arn].mapping)
            == (account, region, mappings)
        ]

    def reason(self, arn: str) -> str | None:
        """What keeps a pipe that should run from working, if anything does."""
        pipe = self._pipes.get(arn)
        return self._reasons.get(arn) or (pipe.reason if pipe is not None else "") or None

    async def create(self, pipe: Pipe) -> None:
        """Raises Conflict if there is one of its name, InvalidRequest for what can't be."""
        async with self._turn:
            if pipe.arn in self._pipes:
                raise Conflict(f"Pipe {pipe.name} already exists.", "ConflictException")
            await self._keep(await self._begun(pipe, "CREATE_FAILED"))

    async def change(self, arn: str, edit: Callable[[Pipe], Pipe]) -> Pipe:
        """Keep what ``edit`` makes of the pipe, and go on with that."""
        async with self._turn:
            pipe = await self._begun(edit(self.get(arn)), "UPDATE_FAILED")
            await self._keep(pipe)
        return pipe

    async def tag(self, arn: str, edit: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """Keep what ``edit`` makes of the tags; the pipe goes on undisturbed."""
        async with self._turn:
            pipe = self.get(arn)
            pipe = msgspec.structs.replace(pipe, tags=edit(pipe.tags))
            await self._catalog.apply([Change(_KIND, arn, msgspec.json.encode(pipe))])
            self._pipes[arn] = pipe

    async def set_desired(self, arn: str, desired: Desired) -> Pipe:
        """Start or stop. Raises Conflict where it is so already."""
        async with self._turn:
            pipe = self.get(arn)
            if pipe.current == desired:
                raise Conflict(f"Pipe {pipe.name} is {desired} already.", "ConflictException")
            pipe = msgspec.structs.replace(pipe, desired=desired, modified=self._clock.now())
            await self._keep(await self._begun(pipe, "START_FAILED"))
        return pipe

    async def delete(self, arn: str) -> Pipe:
        """Stop the pipe, and forget it and its place."""
        async with self._turn:
            pipe = self.get(arn)
            await self._halt(arn)
            gone = [key for key in self._places if key.startswith(f"{pipe.born} ")]
            await self._catalog.apply([Change(_KIND, arn, None), *(Change(_PLACE, key, None) for key in gone)])
            del self._pipes[arn]
            for key in gone:
                del self._places[key]
        return pipe

    # For places

    def place(self, key: str) -> int | None:
        return self._places.get(key)

    def places(self, prefix: str) -> list[str]:
        """The places that begin with ``prefix``, without it."""
        return [key.removeprefix(prefix) for key in self._places if key.startswith(prefix)]

    async def set_places(self, places: Mapping[str, int | None]) -> None:
        """None forgets a place."""
        await self._catalog.apply(
            [Change(_PLACE, key, None if place is None else str(place).encode()) for key, place in places.items()]
        )
        for key, place in places.items():
            if place is None:
                self._places.pop(key, None)
            else:
                self._places[key] = place

    # Inside

    async def _begun(self, pipe: Pipe, failed: Failed) -> Pipe:
        """``pipe``, which is not running yet, with its beginning settled; or as ``failed``, if its source isn't there.
        Raises InvalidRequest for what can't be."""
        source = self._make_source(pipe, Places(self, pipe))
        if pipe.desired == RUNNING:
            # Whoever reads the latest counts on what comes after the answer.
            try:
                await source.begin()
            except NotFound as error:
                return _ended(pipe, failed, error)
        return msgspec.structs.replace(pipe, failed=None, reason="")

    async def _keep(self, pipe: Pipe) -> None:
        await self._catalog.apply([Change(_KIND, pipe.arn, msgspec.json.encode(pipe))])
        self._pipes[pipe.arn] = pipe
        await self._halt(pipe.arn)
        self._run(pipe)

    def _run(self, pipe: Pipe) -> None:
        if pipe.current == RUNNING:
            task = asyncio.get_running_loop().create_task(self._work(pipe), name=f"pipe {pipe.arn}")
            self._running[pipe.arn] = task

    async def _halt(self, arn: str) -> None:
        task = self._running.pop(arn, None)
        self._reasons.pop(arn, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _work(self, pipe: Pipe) -> None:
        source: Source | None = None
        try:
            while True:
                try:
                    if source is None:
                        source = self._make_source(pipe, Places(self, pipe))
                    await source.turn()
                    self._reasons.pop(pipe.arn, None)
                    await asyncio.sleep(0)  # a source that answers at once must not keep everybody else from working
                except NotFound as error:
                    if await self._disabled(pipe, error):
                        return
                    await self._clock.sleep(_STUMBLE)
                except EventyardError as error:
                    if self._reasons.get(pipe.arn) != error.message:
                        log.warning("a pipe is held up", pipe=pipe.arn, reason=error.message)
                    self._reasons[pipe.arn] = error.message
                    await self._clock.sleep(_STUMBLE)
                except Exception:  # a fault in one turn must not end the pipe for good: say it, and try again
                    log.exception("a pipe stumbled", pipe=pipe.arn)
                    await self._clock.sleep(_STUMBLE)
        finally:
            if source is not None:
                await source.end()

    async def _disabled(self, pipe: Pipe, gone: NotFound) -> bool:
        """Stop a pipe whose source was deleted; False where that can't be made durable now."""
        ended = _ended(pipe, "STOPPED", gone)
        log.warning("a pipe is stopped", pipe=pipe.arn, reason=ended.reason)
        async with self._turn:
            try:
                await self._catalog.apply([Change(_KIND, pipe.arn, msgspec.json.encode(ended))])
            except EventyardError:
                return False
            self._pipes[pipe.arn] = ended
            self._running.pop(pipe.arn, None)
        return True


def _ended(pipe: Pipe, state: Failed, gone: NotFound) -> Pipe:
    # User guide, "Amazon EventBridge Pipes error handling and troubleshooting": the sentence for streams is AWS's.
    reason = f"{gone.message} Start the pipe again once its source {pipe.source} exists."
    if ":kinesis:" in pipe.source:
        reason = "Stream not found. To resume processing please delete the pipe and create a new one."
    return msgspec.structs.replace(pipe, failed=state, reason=reason)


class Places:
    """Where one pipe stands in the shards of its source."""

    def __init__(self, pipes: Pipes, pipe: Pipe) -> None:
        self._pipes = pipes
        self._prefix = f"{pipe.born} "

    def get(self, shard: str) -> int | None:
        return self._pipes.place(self._prefix + shard)

    def shards(self) -> list[str]:
        return self._pipes.places(self._prefix)

    async def set(self, places: Mapping[str, int | None]) -> None:
        await self._pipes.set_places({self._prefix + shard: place for shard, place in places.items()})
