"""Parameters of a pipe's target that name a place in the event: each event is delivered with its own.

They see the event as it came from the source or the enrichment, not what a template made of it. Source: user guide,
"Amazon EventBridge Pipes targets", "Dynamic path parameters".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.target import Delivery, Outcome, Permanent, Target
from eventyard.transform.path import parse_path, select

_KEPT = 100
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def paths_of(value: Any) -> list[str]:
    """The texts in ``value`` that are paths. Raises InvalidRequest for one that can't be read."""
    if isinstance(value, Mapping):
        return [path for each in value.values() for path in paths_of(each)]
    if isinstance(value, list):
        return [path for each in value for path in paths_of(each)]
    if not isinstance(value, str) or not value.startswith("$"):
        return []
    parse_path(value)
    return [value]


class DynamicTarget:
    """``make``: the target for parameters without paths; raises InvalidRequest for some that can't be. The last 100
    are kept."""

    place = None

    def __init__(self, make: Callable[[Mapping[str, Any]], Target], parameters: Mapping[str, Any]) -> None:
        self._make = make
        self._parameters = parameters
        self._made: OrderedDict[bytes, Target] = OrderedDict()
        self.batch_size = 100

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """What follows each other with the same parameters goes together; order is kept."""
        outcomes: list[Outcome] = []
        for found, some in groupby(((self._found(item.event), item) for item in batch), key=lambda pair: pair[0]):
            items = [item for _, item in some]
            if isinstance(found, Permanent):
                outcomes += [found] * len(items)
                continue
            try:
                target = self._target(found)
            except InvalidRequest as error:
                outcomes += [Permanent("INVALID_PARAMETER", error.message)] * len(items)
                continue
            for start in range(0, len(items), target.batch_size):
                outcomes += await target.deliver(items[start : start + target.batch_size])
        return outcomes

    def _found(self, event: bytes) -> bytes | Permanent:
        """The parameters for ``event``, as JSON."""
        try:
            return _encode(_filled(self._parameters, event))
        except InvalidRequest as error:
            return Permanent("INVALID_PARAMETER", error.message)

    def _target(self, parameters: bytes) -> Target:
        target = self._made.pop(parameters, None) or self._make(_decode(parameters))
        self._made[parameters] = target
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return target


def _filled(value: Any, event: bytes) -> Any:
    """``value`` with the texts that its paths lead to. Raises InvalidRequest for a path that leads nowhere."""
    if isinstance(value, Mapping):
        return {name: _filled(each, event) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, event) for each in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    found = select(event, parse_path(value))
    if found is None or found == b"null":
        raise InvalidRequest(f"The event has nothing at {value}.")
    return msgspec.json.decode(found, type=str) if found.startswith(b'"') else found.decode()
