"""The door of EventBridge Pipes' API: all ten operations."""

from __future__ import annotations

from collections.abc import Callable

from eventyard.api.pipes.operations import Operations
from eventyard.clock import Clock
from eventyard.pipes import Pipes
from eventyard.wire import Door


def pipes_door(
    pipes: Pipes,
    clock: Clock,
    supported: Callable[[str], bool],
    elsewhere: Callable[[str, str], bool] = lambda owner, arn: False,
) -> Door:
    """``supported``: whether this server can deliver to an ARN. ``elsewhere``: whether an account declared that of
    an ARN to be elsewhere."""
    return Door(service="pipes", operations=Operations(pipes, clock, supported, elsewhere).operations())
