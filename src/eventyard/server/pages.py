"""The pages of a house, beside the services' APIs: what the platform shows of itself, and what comes in over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from eventyard.api.explain import Explaining
from eventyard.api.functions import FunctionPages
from eventyard.api.history import History
from eventyard.api.logs import Logs
from eventyard.api.metrics import FunctionMetrics, Metrics, OutsideMetrics
from eventyard.api.observations import Observations
from eventyard.api.outside import OutsidePages
from eventyard.api.platform import Platform
from eventyard.api.refiring import Refiring
from eventyard.api.sns import certificate_route
from eventyard.api.stacks import StackRecords
from eventyard.api.validation import Validating
from eventyard.server.house import House
from eventyard.wire import Route


async def pages_of(house: House, ready: Callable[[], bool], reset: Callable[[], Awaitable[None]] | None) -> list[Route]:
    """``ready``: whether requests should be sent here. ``reset``: None refuses it."""
    store, clock = house.store, house.clock
    metrics = (
        Metrics(house.engine, house.publisher, house.validation.tally),
        OutsideMetrics(house.outward.targets.counts),
        FunctionMetrics(house.functions.pool.counts),
        house.ingress.metrics,
    )
    logs = Logs(house.directory, house.archives.log_of)
    stacks = StackRecords(store.catalog)
    await stacks.load()
    rooms = (
        Platform(house.directory, house.engine, metrics, store.progress, ready, reset),
        History(house.directory, logs, store.log, store.progress, house.redelivery, clock),
        Refiring(house.schedules),
        Observations(logs, store.log, clock),
        Explaining(house.directory, store.log),
        Validating(house.validation, house.directory, house.queues.has, house.registry.names),
        FunctionPages(house.functions, clock, house.runs_code),
        OutsidePages(house.outward.targets, clock),
        stacks,
        house.ingress,
    )
    return [route for each in rooms for route in each.routes()] + [certificate_route(house.signer)]
