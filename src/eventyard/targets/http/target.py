"""An API destination as the target of a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.target import Delivery, Outcome
from eventyard.targets.http.courier import Courier
from eventyard.targets.http.parameters import Parameters


class HttpTarget:
    """The API destination with ``arn``. ``parameters``: the rule target's HttpParameters. Raises InvalidRequest for
    parameters that can't work."""

    def __init__(self, courier: Courier, arn: str, parameters: Mapping[str, Any]) -> None:
        self._courier = courier
        self._arn = arn
        self._parameters = Parameters.compile(parameters)
        self.place = None

    @property
    def batch_size(self) -> int:
        return self._courier.batch_size(self._arn)

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """One call for each; destinations are looked up for each batch, so changes take effect at once."""
        return await self._courier.deliver(self._arn, self._parameters, batch)
