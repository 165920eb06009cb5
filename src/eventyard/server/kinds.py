"""The kinds of targets that this server delivers to, found by the ARN. Filled by the house, as its rooms come to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.target import Target

Make = Callable[[str, Mapping[str, Any]], Target]
"""Makes the target for an ARN and the parameters that a rule's target has for it."""

Turn = Callable[[str, Mapping[str, Any], Target | None], Target]
"""Makes of the target that an ARN and parameters have here, or None, one that may lead elsewhere."""


class Kinds:
    """``add`` before anything is delivered; who delivers is handed ``make``."""

    def __init__(self) -> None:
        self._makers: dict[str, Make] = {}
        self._turn: Turn | None = None
        self._turns: Callable[[str], bool] = lambda arn: False

    def add(self, kind: str, make: Make) -> None:
        """``kind``: as :func:`kind_of` says of an ARN."""
        self._makers[kind] = make

    def turn(self, turn: Turn, turns: Callable[[str], bool]) -> None:
        """Have the ARNs for which ``turns`` says so pass ``turn``."""
        self._turn, self._turns = turn, turns

    def supports(self, arn: str) -> bool:
        """Whether this server can deliver to what ``arn`` names."""
        return kind_of(arn) in self._makers

    def make(self, arn: str, parameters: Mapping[str, Any]) -> Target:
        """The target. Raises InvalidRequest for an ARN of no known kind."""
        make = self._makers.get(kind_of(arn))
        return self.turned(arn, parameters, None if make is None else make(arn, parameters))

    def turned(self, arn: str, parameters: Mapping[str, Any], here: Target | None) -> Target:
        """``here``, or where the ARN leads instead. Raises InvalidRequest where there is neither."""
        if self._turn is not None and self._turns(arn):
            return self._turn(arn, parameters, here)
        if here is None:
            raise InvalidRequest(f"No target for {arn}.")
        return here


def kind_of(arn: str) -> str:
    """The ARN's service, and for EventBridge itself also the kind of resource."""
    parsed = Arn.parse(arn)
    if parsed is None:
        return ""
    return f"events/{parsed.resource.partition('/')[0]}" if parsed.service == "events" else parsed.service
