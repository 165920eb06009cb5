"""Functions as targets of rules and schedules: each delivery is an asynchronous invocation, as on AWS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from eventyard.target import Delivery
from eventyard.targets.admission import Admit
from eventyard.targets.letters import LetterTarget

Accept = Callable[[str, Sequence[tuple[str | None, bytes]]], Awaitable[None]]
"""Accepts (trace, payload) each, durably. Raises NotFound without the function, InvalidRequest for what it does not
take."""


class FunctionTarget(LetterTarget[tuple[str | None, bytes]]):
    """The function with ``arn``."""

    def __init__(self, accept: Accept, arn: str, admit: Admit | None = None) -> None:
        super().__init__(accept, arn, _letter, arn, admit)


def _letter(item: Delivery) -> tuple[str | None, bytes]:
    return item.trace, item.payload
