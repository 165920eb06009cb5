"""What a kind of target outside promises: settings that can be checked, and targets that can be closed.

A package adds kinds by the entry point group ``eventyard.targets``: the name is the kind, the object a
:class:`TargetKind`. ``exams/target.py`` examines what its ``open`` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from eventyard.clock import Clock
from eventyard.target import Delivery, Outcome, Target

GROUP = "eventyard.targets"


class Network(Protocol):
    """Which addresses may be called."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of ``host`` that may be called, best first. Connect to one of them, not to the name again.

        Raises Forbidden if it has some, but none of them may be called, and OSError if it has none."""
        ...


class Surroundings(msgspec.Struct, frozen=True):
    """What a target needs of the house. ``seconds``: how long one ``deliver`` may take in all, connecting included."""

    network: Network
    clock: Clock
    seconds: float = 15.0


class OpenTarget(Target, Protocol):
    """A target that holds something open. ``deliver`` connects when it has to, also after the place was away, takes no
    longer than it may, may be called by several at once, and says Retry where the place is away."""

    async def close(self) -> None:
        """Let go of everything. Called once, when no delivery is under way."""
        ...


class Remote(Protocol):
    """Another account's worth of places, that the ARNs of AWS name."""

    async def deliver(self, arn: str, parameters: Mapping[str, Any], batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """As :class:`~eventyard.target.Target`, to what ``arn`` names; ``parameters``: those that the rule's target has
        for it."""
        ...

    async def close(self) -> None:
        """As :class:`OpenTarget`."""
        ...


class TargetKind(msgspec.Struct, frozen=True):
    """A kind of target. ``title``: what one of its places is called ("NATS subject").

    ``settings``: a Struct, which ``msgspec.convert`` checks (give it ``forbid_unknown_fields``); its
    ``__post_init__`` raises ValueError for values that can't go together. ``secrets``: those of its fields, texts,
    that are credentials: they are sealed, and never shown. ``open``: makes the target; it must not connect. It
    raises InvalidRequest for settings that can't work and for a library that is missing. ``dedups``: whether a
    delivery that comes again, because its answer was lost, leaves nothing twice. ``unguarded``: those of the fields
    that can't lead the credentials to anybody else, or out in the clear; while only they change, credentials that
    are left out stay. ``remote``: of a kind whose ``open`` makes a :class:`Remote` and whose settings have an
    ``account``, whether it delivers to what an ARN in that account names."""

    title: str
    settings: type[msgspec.Struct]
    open: Callable[[Any, Surroundings], OpenTarget | Remote]
    secrets: frozenset[str] = frozenset()
    dedups: bool = False
    unguarded: frozenset[str] = frozenset()
    remote: Callable[[str], bool] | None = None
