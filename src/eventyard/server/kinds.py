"""The kinds of targets that this server delivers to, found by the ARN. Filled by the house, as its rooms come to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.target import Target

Make = Callable[[str, Mapping[str, Any]], Target]
"""Makes the target for an ARN and the parameters that a rule's target has for it."""


class Kinds:
    """``add`` before anything is delivered; who delivers is handed ``make``."""

    def __init__(self) -> None:
        self._makers: dict[str, Make] = {}

    def add(self, kind: str, make: Make) -> None:
        """``kind``: as :func:`kind_of` says of an ARN."""
        self._makers[kind] = make

    def supports(self, arn: str) -> bool:
        """Whether this server can deliver to what ``arn`` names."""
        return kind_of(arn) in self._makers

    def make(self, arn: str, parameters: Mapping[str, Any]) -> Target:
        """The target. Raises InvalidRequest for an ARN of no known kind."""
        make = self._makers.get(kind_of(arn))
        if make is None:
            raise InvalidRequest(f"No target for {arn}.")
        return make(arn, parameters)


def kind_of(arn: str) -> str:
    """The ARN's service, and for EventBridge itself also the kind of resource."""
    parsed = Arn.parse(arn)
    if parsed is None:
        return ""
    return f"events/{parsed.resource.partition('/')[0]}" if parsed.service == "events" else parsed.service
