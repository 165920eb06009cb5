"""What was found out about one direction of a change."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from eventyard.contract import Violation

Direction = Literal["subscribers", "publishers"]
"""Who is asked. ``subscribers``: can those who read with the old contract bear what is published under the new one?
``publishers``: is what was published under the old contract (archives, replays, publishers that are not updated yet)
still accepted under the new one?"""

Outcome = Literal["compatible", "breaking", "undecided"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``compatible`` is proven; ``breaking`` is shown by ``counterexample``, which one contract allows and the other
    refuses because of ``violations``. ``undecided``: neither a proof nor a counter-example among ``tried``
    instances, and ``why`` says what stands in the way if that is known. ``undeclared_only``: it breaks only by members
    that the contract of who publishes does not name."""

    direction: Direction
    outcome: Outcome
    tried: int = 0
    counterexample: Any = None
    violations: tuple[Violation, ...] = ()
    undeclared_only: bool = False
    why: str | None = None
