"""Which bus a caller means: names and ARNs turned into the ARN that the rooms behind know a bus by."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from eventyard.names import DEFAULT_BUS, bus_arn
from eventyard.wire import Caller


@lru_cache(maxsize=4096)
def arn_of(account: str, region: str, bus: str | None) -> str:
    """The ARN of ``bus``: a name in the caller's account and region, an ARN already, or None for the default bus."""
    if bus is None:
        return bus_arn(account, region, DEFAULT_BUS)
    return bus if bus.startswith("arn:") else bus_arn(account, region, bus)


def bus_of(caller: Caller, params: dict[str, Any], member: str = "EventBusName") -> str:
    """The ARN of the bus that ``params[member]`` names; the default bus if it is left out."""
    return arn_of(caller.account, caller.region, params.get(member))


def given(**members: Any) -> dict[str, Any]:
    """The members that have a value: AWS leaves out what is not there."""
    return {name: value for name, value in members.items() if value is not None}
