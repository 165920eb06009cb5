"""The page that delivers to a schedule's target again what it could not be given."""

from __future__ import annotations

from datetime import UTC, datetime

from eventyard.api.answers import answer, may_see, read_object, routes
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.schedules import Schedules
from eventyard.wire import HttpRequest, HttpResponse, Route


class Refiring:
    """``schedules``: those that the page speaks of."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    def routes(self) -> list[Route]:
        """Ready to be handed to the wire."""
        return routes(("POST", "/_eventyard/refire", self.refire))

    async def refire(self, request: HttpRequest) -> HttpResponse:
        """Body: schedule (ARN), text (what the target gets), time (when it was due, as in a dead letter), dry_run.

        Raises NotFound without the schedule, Forbidden for another account's."""
        asked = read_object(request.body)
        arn, text, time = asked.get("schedule"), asked.get("text"), asked.get("time")
        if not (isinstance(arn, str) and isinstance(text, str) and isinstance(time, str)):
            raise InvalidRequest('The body needs "schedule", "text" and "time": an ARN, a text and a moment.')
        if not may_see(request, arn):
            raise Forbidden(f"This account may not have {arn} deliver anything.", "AccessDeniedException")
        await self._schedules.again(arn, text, _millis(time), bool(asked.get("dry_run")))
        return answer({"schedule": arn})


def _millis(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f'"time" must be like 2026-11-23T16:07:33Z, not {text}.') from error
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
