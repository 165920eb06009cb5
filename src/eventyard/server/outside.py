"""Targets outside of a house: the one file that names their kinds, and what ARNs lead to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import entry_points

from eventyard.clock import Clock
from eventyard.errors import TryAgain
from eventyard.event import new_ids
from eventyard.outside import EitherTarget, Kinds, Outside, OutsideTarget, account_of
from eventyard.plugin import GROUP, Surroundings, TargetKind
from eventyard.server import kinds
from eventyard.store import Catalog
from eventyard.target import Delivered, Delivery, Retry
from eventyard.targets import amqp, kafka, nats, postgresql, redis
from eventyard.targets.aws import aws_kind
from eventyard.targets.http import Client, Guard
from eventyard.vault import Vault

Bury = Callable[[str, bytes, Mapping[str, str]], Awaitable[bool]]

#: The kinds that come with Eventyard, besides that of AWS's accounts, which needs a client.
KINDS: Mapping[str, TargetKind] = {
    "amqp": amqp.KIND,
    "kafka": kafka.KIND,
    "nats": nats.KIND,
    "postgresql": postgresql.KIND,
    "redis": redis.KIND,
}


class Outward:
    """The way out. ``guard``: which addresses may be called; it stays open."""

    def __init__(self, catalog: Catalog, vault: Vault, clock: Clock, guard: Guard) -> None:
        self._clock = clock
        self._client = Client(guard, clock, plain=False)
        known = Kinds({**KINDS, "aws": aws_kind(self._client)}, entry_points(group=GROUP))
        self.targets = Outside(catalog, vault, clock, known, Surroundings(guard, clock))

    def add_to(self, found: kinds.Kinds) -> None:
        """Have ARNs lead outside: those of targets, and those of accounts that are elsewhere."""
        targets = self.targets
        found.add("events/target", lambda arn, parameters: OutsideTarget(targets, arn))
        found.turn(lambda arn, parameters, here: EitherTarget(targets, arn, parameters, here), targets.may_be_elsewhere)

    def buried(self, here: Bury) -> Bury:
        """Dead letters to queues of accounts that are elsewhere; all others are ``here``'s."""

        async def bury(arn: str, payload: bytes, attributes: Mapping[str, str]) -> bool:
            rule = attributes.get("RULE_ARN") or attributes.get("SCHEDULE_ARN") or ""
            if not self.targets.elsewhere(account_of(rule), arn):
                return await here(arn, payload, attributes)
            letter = Delivery(new_ids(1, self._clock.now())[0], payload, rule=rule)
            there = EitherTarget(self.targets, arn, {"Attributes": attributes}, None)
            outcome = (await there.deliver([letter]))[0]
            if isinstance(outcome, Retry):
                raise TryAgain(outcome.message, outcome.code)
            return isinstance(outcome, Delivered)

        return bury

    async def load(self) -> None:
        """Bring all back, before the engine starts."""
        await self.targets.load()

    async def close(self) -> None:
        """Call once deliveries have ended."""
        await self.targets.close()
        self._client.close()
