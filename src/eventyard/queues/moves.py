"""Message move tasks: taking what is in a dead-letter queue back to where it came from, or elsewhere.

A task lives as long as the server; what it has moved is durable, what it has not is still in the source.
Source: SQS API reference, StartMessageMoveTask.
"""

from __future__ import annotations

import asyncio
import base64
import json
import uuid

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import EventyardError, InvalidRequest, NotFound
from eventyard.queues.queues import Queues

log = structlog.get_logger("queues.moves")

_BATCH = 100
_KEPT = 10


class Move(msgspec.Struct):
    """One task. ``rate``: messages a second, or None for as fast as it goes. ``started``: milliseconds."""

    handle: str
    source: str
    destination: str
    named: bool
    rate: int | None
    started: int
    to_move: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str | None = None


class Moves:
    """The tasks of all queues."""

    def __init__(self, queues: Queues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock
        self._moves: dict[str, list[Move]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, source: str, destination: str | None, rate: int | None) -> str:
        """Begin to move all messages of ``source``; answers with the task's handle.

        Raises NotFound without the queues, InvalidRequest where it can't be, or while another task runs."""
        self._exists(source, "SourceArn")
        to_move = await self._queues.count(source)
        origins = self._queues.dead_letter_sources(source)
        if not origins:
            raise InvalidRequest("Source queue must be configured as a Dead Letter Queue.", "InvalidParameterValue")
        if rate is not None and not 1 <= rate <= 500:
            raise InvalidRequest("MaxNumberOfMessagesPerSecond must be between 1 and 500.", "InvalidParameterValue")
        if any(move.status == "RUNNING" for move in self._moves.get(source, [])):
            raise InvalidRequest(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                "time.",
                "UnsupportedOperation",
            )
        if destination is not None:
            self._exists(destination, "DestinationArn")
        elif len(origins) > 1:
            raise InvalidRequest(
                "Several queues have this dead-letter queue: name the one to move to in DestinationArn.",
                "InvalidParameterValue",
            )
        task_id = str(uuid.uuid4())
        handle = base64.b64encode(json.dumps({"taskId": task_id, "sourceArn": source}).encode()).decode()
        move = Move(
            handle,
            source,
            destination or origins[0].arn,
            destination is not None,
            rate,
            self._clock.now(),
            to_move,
        )
        moves = self._moves.setdefault(source, [])
        moves.insert(0, move)
        del moves[_KEPT:]
        self._tasks[handle] = asyncio.get_running_loop().create_task(self._run(move), name=f"move {source}")
        return handle

    async def cancel(self, handle: str) -> int:
        """Stop a running task; answers how many messages it had moved."""
        for moves in self._moves.values():
            for move in moves:
                if move.handle == handle and move.status == "RUNNING":
                    move.status = "CANCELLED"
                    task = self._tasks.get(handle)
                    if task is not None:
                        await asyncio.gather(task, return_exceptions=True)
                    return move.moved
        raise NotFound("Task does not exist.", "ResourceNotFoundException")

    def list(self, source: str, limit: int) -> list[Move]:
        """The newest tasks of a queue."""
        self._exists(source, "SourceArn")
        return self._moves.get(source, [])[:limit]

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _exists(self, arn: str, parameter: str) -> None:
        try:
            self._queues.get(arn)
        except NotFound as error:
            raise NotFound(
                f"The resource that you specified for the {parameter} parameter doesn't exist.",
                "ResourceNotFoundException",
            ) from error

    async def _run(self, move: Move) -> None:
        size = _BATCH if move.rate is None else max(1, move.rate // 10)
        try:
            while move.status == "RUNNING" and move.moved < move.to_move:
                moved = await self._queues.move(move.source, move.destination, min(size, move.to_move - move.moved))
                move.moved += moved
                if not moved:
                    break
                if move.rate is not None:
                    await self._clock.sleep(moved / move.rate)
            if move.status == "RUNNING":
                move.status = "COMPLETED"
        except EventyardError as error:
            log.error("a move task failed", source=move.source, reason=error.message)
            move.status, move.failure = "FAILED", error.code
        finally:
            self._tasks.pop(move.handle, None)
