"""The door of Amazon CloudWatch Logs' API: which operation is answered by whom."""

from __future__ import annotations

from eventyard.api.loggroups.events import EventOperations
from eventyard.api.loggroups.groups import GroupOperations
from eventyard.api.loggroups.policies import PolicyOperations
from eventyard.api.loggroups.streams import StreamOperations
from eventyard.api.loggroups.tags import TagOperations
from eventyard.clock import Clock
from eventyard.loggroups import LogGroups
from eventyard.wire import Door


def loggroups_door(groups: LogGroups, clock: Clock) -> Door:
    """A part of the API; the rest is refused by name."""
    return Door(
        service="logs",
        operations={
            **GroupOperations(groups, clock).operations(),
            **StreamOperations(groups).operations(),
            **EventOperations(groups).operations(),
            **PolicyOperations(groups, clock).operations(),
            **TagOperations(groups).operations(),
        },
    )
