"""The door of EventBridge Scheduler's API: which operation is answered by whom."""

from __future__ import annotations

from collections.abc import Callable

from eventyard.api.scheduler.groups import Groups
from eventyard.api.scheduler.operations import ScheduleOperations
from eventyard.clock import Clock
from eventyard.schedules import Schedules
from eventyard.wire import Calls, Door


def scheduler_door(
    schedules: Schedules,
    clock: Clock,
    supported: Callable[[str], bool],
    calls: Calls,
    elsewhere: Callable[[str, str], bool] = lambda owner, arn: False,
) -> Door:
    """All twelve operations. ``supported``: whether this server can deliver to an ARN. ``calls``: what universal
    targets may call. ``elsewhere``: whether an account declared that of an ARN to be elsewhere."""
    return Door(
        service="scheduler",
        operations={
            **Groups(schedules, clock).operations(),
            **ScheduleOperations(schedules, clock, supported, calls, elsewhere).operations(),
        },
    )
