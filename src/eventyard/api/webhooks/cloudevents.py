"""CloudEvents for those who have access keys: ``POST /_eventyard/cloudevents/BUS``, in all modes of HTTP's binding.

Nothing is remembered here: who sends again after an error sends a second event, as with PutEvents.
"""

from __future__ import annotations

import orjson

from eventyard.api.answers import answer, bus_of, routes
from eventyard.bus import Directory
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, NotFound
from eventyard.names import Arn
from eventyard.provider import Refused, Request
from eventyard.providers.cloudevents import read
from eventyard.webhooks.intake import Publish
from eventyard.webhooks.mapping import Place, event_of_arrival
from eventyard.wire import HttpRequest, HttpResponse, Route

_PATH = "/_eventyard/cloudevents/"


class CloudEventsPage:
    """``publish``: returns when events are durable on a bus, with those that break their contracts."""

    def __init__(self, directory: Directory, publish: Publish, clock: Clock) -> None:
        self._directory = directory
        self._publish = publish
        self._clock = clock

    def routes(self) -> list[Route]:
        return routes(("POST", f"{_PATH}*", self.put))

    async def put(self, request: HttpRequest) -> HttpResponse:
        """All of the request's events on the bus, or none of them. Answers their ids. What breaks its contract is
        answered with status 422, by its place; the others are on the bus then."""
        named = {**request.query, "bus": request.path.removeprefix(_PATH)}
        bus = bus_of(request, named)
        if not self._directory.has_bus(bus):
            raise NotFound(f"Event bus {named['bus'][:300]} does not exist.")
        home = Arn.parse(bus)
        assert home is not None
        place, now = Place(bus, home.account, home.region, ""), self._clock.now()
        try:
            arrivals = read(Request(headers=tuple(request.headers.items()), body=request.body))
            events = [event_of_arrival(place, each, each.type, [], now) for each in arrivals]
        except Refused as error:
            code = "UnsupportedMediaTypeException" if error.reason == "media" else "ValidationException"
            raise InvalidRequest(error.message, code) from error
        rejected = await self._publish(bus, events) if events else {}
        if rejected:
            violations = {str(at): reason for at, reason in rejected.items()}
            body = {"code": "ContractViolation", "message": "Events break their contracts.", "violations": violations}
            return HttpResponse(422, {"content-type": "application/json"}, orjson.dumps(body))
        return answer({"events": [event.id for event in events]})
