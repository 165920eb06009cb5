"""Message move tasks: taking what is in a dead-letter queue back to where it came from, or elsewhere.

A task is kept with how far it has come, and goes on after a restart. Source: SQS API reference, StartMessageMoveTask,
CancelMessageMoveTask, ListMessageMoveTasks; developer guide, "Configuring a dead-letter queue redrive".
"""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from typing import Literal

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import EventyardError, InvalidRequest, LimitExceeded, NotFound, TryAgain
from eventyard.names import Arn
from eventyard.queues.queues import Queues
from eventyard.queues.returns import HIDDEN, take_out
from eventyard.store import Catalog, Change

log = structlog.get_logger("queues.moves")

_KIND = "message-move"
_BATCH = 50
_KEPT = 10
_PAUSE = 1.0
#: Developer guide: an account may have so many active tasks, each for so long (ms).
_MOST_ACTIVE, _LONGEST = 100, 36 * 3_600_000

Status = Literal["RUNNING", "CANCELLING", "COMPLETED", "CANCELLED", "FAILED"]


class Move(msgspec.Struct):
    """One task. ``destination``: None is each message's own. ``rate``: messages a second, or None for as fast as it
    goes. ``started``: milliseconds."""

    handle: str
    source: str
    destination: str | None
    rate: int | None
    started: int
    to_move: int
    moved: int = 0
    status: Status = "RUNNING"
    failure: str | None = None

    @property
    def active(self) -> bool:
        return self.status in ("RUNNING", "CANCELLING")


class Moves:
    """The tasks of all queues."""

    def __init__(self, queues: Queues, catalog: Catalog, clock: Clock) -> None:
        self._queues = queues
        self._catalog = catalog
        self._clock = clock
        self._moves: dict[str, list[Move]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._starting = asyncio.Lock()

    async def load(self) -> None:
        """Go on with the tasks that were running. Call once, after the queues are there."""
        kept = [msgspec.json.decode(value, type=Move) for value in (await self._catalog.load(_KIND)).values()]
        for move in sorted(kept, key=lambda move: move.started):
            self._moves.setdefault(move.source, []).insert(0, move)
            if move.active:
                self._begin(move, HIDDEN)  # when what was on its way has come back

    async def start(self, source: str, destination: str | None, rate: int | None) -> str:
        """Begin to move all messages of ``source``; answers with the task's handle once it is durable.

        Raises NotFound without the queues, InvalidRequest where it can't be, or while another task runs, LimitExceeded
        for one too many of the account's."""
        async with self._starting:
            self._exists(source, "SourceArn")
            to_move = await self._queues.count(source)
            if not self._queues.dead_letter_sources(source):
                raise InvalidRequest("Source queue must be configured as a Dead Letter Queue.", "InvalidParameterValue")
            if rate is not None and not 1 <= rate <= 500:
                raise InvalidRequest("MaxNumberOfMessagesPerSecond must be between 1 and 500.", "InvalidParameterValue")
            if any(move.active for move in self._moves.get(source, [])):
                raise InvalidRequest(
                    "There is already a task running. Only one active task is allowed for a source queue arn at a "
                    "given time.",
                    "UnsupportedOperation",
                )
            if destination is not None:
                self._exists(destination, "DestinationArn")
                self._check_pair(source, destination)
            self._check_account(source)
            task_id = str(uuid.uuid4())
            handle = base64.b64encode(json.dumps({"taskId": task_id, "sourceArn": source}).encode()).decode()
            move = Move(handle, source, destination, rate, self._clock.now(), to_move)
            moves = [move, *self._moves.get(source, [])]
            old = [Change(_KIND, each.handle, None) for each in moves[_KEPT:]]
            await self._catalog.apply([Change(_KIND, handle, msgspec.json.encode(move)), *old])
            self._moves[source] = moves[:_KEPT]
            self._begin(move)
            return handle

    def running(self, handle: str) -> Move:
        """The running task with this handle. Raises NotFound."""
        for moves in self._moves.values():
            for move in moves:
                if move.handle == handle and move.status == "RUNNING":
                    return move
        raise NotFound("Task does not exist.", "ResourceNotFoundException")

    async def cancel(self, handle: str) -> int:
        """Stop a running task; answers how many messages it had moved. Raises NotFound for one that is not running."""
        move = self.running(handle)
        move.status = "CANCELLING"
        await self._keep(move)
        task = self._tasks.get(handle)
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)
        return move.moved

    def list(self, source: str, limit: int) -> list[Move]:
        """The newest tasks of a queue."""
        self._exists(source, "SourceArn")
        created = self._queues.get(source).created
        return [move for move in self._moves.get(source, []) if move.started >= created][:limit]

    async def close(self) -> None:
        """Stop; running tasks go on with the next run."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _exists(self, arn: str, parameter: str) -> None:
        try:
            self._queues.get(arn)
        except NotFound as error:
            raise NotFound(
                f"The resource that you specified for the {parameter} parameter doesn't exist.",
                "ResourceNotFoundException",
            ) from error

    def _check_pair(self, source: str, destination: str) -> None:
        if source == destination:
            raise InvalidRequest(
                "Source queue arn and destination queue arn cannot be the same.", "InvalidParameterValue"
            )
        if self._queues.get(source).fifo != self._queues.get(destination).fifo:
            raise InvalidRequest("Source queue type and destination queue type must match.", "InvalidParameterValue")

    def _check_account(self, source: str) -> None:
        arn = Arn.parse(source)
        home = None if arn is None else (arn.account, arn.region)
        active = [
            move
            for moves in self._moves.values()
            for move in moves
            if move.active and (parsed := Arn.parse(move.source)) and (parsed.account, parsed.region) == home
        ]
        if len(active) >= _MOST_ACTIVE:
            raise LimitExceeded(f"An account can have {_MOST_ACTIVE} active message move tasks.", "RequestThrottled")

    def _begin(self, move: Move, pause: float = 0) -> None:
        work = self._run(move, pause)
        self._tasks[move.handle] = asyncio.get_running_loop().create_task(work, name=f"move {move.source}")

    async def _run(self, move: Move, pause: float) -> None:
        """Durable at its end, whatever that is; until then about how far it has come, which costs no more than it
        must: messages are only moved, so nothing depends on it."""
        try:
            if pause:
                await self._clock.sleep(pause)
            while move.active:
                try:
                    await self._steps(move)
                except TryAgain as error:
                    log.warning("a move task waits", source=move.source, reason=error.message)
                    await self._clock.sleep(_PAUSE)
                except EventyardError as error:
                    log.error("a move task failed", source=move.source, reason=error.message)
                    move.status, move.failure = "FAILED", error.code
                    await self._keep(move)
        finally:
            self._tasks.pop(move.handle, None)

    async def _steps(self, move: Move) -> None:
        size = _BATCH if move.rate is None else max(1, move.rate // 10)
        while move.status == "RUNNING" and move.moved < move.to_move:
            if self._clock.now() - move.started > _LONGEST:
                break
            limit = min(size, move.to_move - move.moved)
            moved = await take_out(self._queues, move.source, move.destination, limit, self._clock.now())
            move.moved += moved
            if not moved:
                break
            await self._keep(move)
            if move.rate is not None:
                await self._clock.sleep(moved / move.rate)
        status: Status = "CANCELLED" if move.status == "CANCELLING" else "COMPLETED"
        await self._keep(msgspec.structs.replace(move, status=status))
        move.status = status

    async def _keep(self, move: Move) -> None:
        await self._catalog.apply([Change(_KIND, move.handle, msgspec.json.encode(move))])
