"""Operations on message move tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.api.sqs.access import Access
from eventyard.errors import InvalidRequest
from eventyard.queues import Moves
from eventyard.wire import Caller, Handler


class MoveTasks:
    """Each method answers one operation."""

    def __init__(self, moves: Moves, access: Access) -> None:
        self._moves = moves
        self._access = access

    def operations(self) -> Mapping[str, Handler]:
        return {
            "CancelMessageMoveTask": self.cancel,
            "ListMessageMoveTasks": self.list,
            "StartMessageMoveTask": self.start,
        }

    async def start(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        for arn in (params["SourceArn"], params.get("DestinationArn")):
            if arn is not None:
                self._access.check(caller, arn, "StartMessageMoveTask")
        handle = await self._moves.start(
            params["SourceArn"], params.get("DestinationArn"), params.get("MaxNumberOfMessagesPerSecond")
        )
        return {"TaskHandle": handle}

    async def cancel(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        self._access.check(caller, self._moves.running(params["TaskHandle"]).source, "CancelMessageMoveTask")
        return {"ApproximateNumberOfMessagesMoved": await self._moves.cancel(params["TaskHandle"])}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        self._access.check(caller, params["SourceArn"], "ListMessageMoveTasks")
        most = params.get("MaxResults") or 1
        if not 1 <= most <= 10:
            raise InvalidRequest("MaxResults must be from 1 to 10.", "InvalidParameterValue")
        results = [
            {
                "TaskHandle": move.handle if move.status == "RUNNING" else None,
                "Status": move.status,
                "SourceArn": move.source,
                "DestinationArn": move.destination,
                "MaxNumberOfMessagesPerSecond": move.rate,
                "ApproximateNumberOfMessagesMoved": move.moved,
                "ApproximateNumberOfMessagesToMove": move.to_move,
                "FailureReason": move.failure,
                "StartedTimestamp": move.started,
            }
            for move in self._moves.list(params["SourceArn"], most)
        ]
        return {"Results": results}
