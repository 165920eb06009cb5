"""What subscribers hold of a place outside: its ARN alone. It is looked up for each batch, so changes count at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from eventyard.errors import Broken, Forbidden, InvalidRequest, NotFound
from eventyard.outside.outside import Opened, Outside
from eventyard.outside.resources import account_of
from eventyard.target import Delivery, Outcome, Permanent, Retry, Target

log = structlog.get_logger("outside")

#: The most deliveries in one call.
_MOST = 100
#: Seconds that a target has beyond those that it is told to keep within.
_GRACE = 2.0

Send = Callable[[Opened], Awaitable[Sequence[Outcome]]]


class OutsideTarget:
    """The target with ``arn``."""

    def __init__(self, outside: Outside, arn: str) -> None:
        self._outside = outside
        self._arn = arn
        self.place = arn

    @property
    def batch_size(self) -> int:
        opened = self._outside.peek(self._arn)
        return _MOST if opened is None or opened.target is None else min(_MOST, opened.target.batch_size)

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        owner = account_of(self._arn)
        strangers = {item.rule for item in batch if item.rule and account_of(item.rule) != owner}
        own = [item for item in batch if item.rule not in strangers]

        async def send(opened: Opened) -> Sequence[Outcome]:
            if opened.target is None:
                raise InvalidRequest(f"{self._arn} stands for a whole account: name what is in it by its own ARN.")
            return await opened.target.deliver(own)

        outcomes = iter(await through(self._outside, self._arn, own, send))
        refused = Permanent("NO_PERMISSIONS", f"{self._arn} is for the rules of account {owner} only.")
        return [refused if item.rule in strangers else next(outcomes) for item in batch]


class EitherTarget:
    """What ``arn``, which AWS has the form of, names: for the rules of accounts that declared its account to be
    elsewhere what is there, for all others ``here``, or nothing. ``parameters``: those of the rule's target."""

    def __init__(self, outside: Outside, arn: str, parameters: Mapping[str, Any], here: Target | None) -> None:
        self._outside = outside
        self._arn = arn
        self._parameters = parameters
        self._account = account_of(arn)
        self._here = here
        self.place = None if here is None else here.place

    @property
    def batch_size(self) -> int:
        return _MOST if self._here is None else self._here.batch_size

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        if self._here is not None and not self._outside.declared(self._account):
            return await self._here.deliver(batch)
        outcomes: list[Outcome | None] = [None] * len(batch)
        ways: dict[str | None, list[int]] = {}
        for at, item in enumerate(batch):
            ways.setdefault(self._outside.remote(account_of(item.rule), self._account), []).append(at)
        for way, places in ways.items():
            part = [batch[at] for at in places]
            for at, outcome in zip(places, await self._deliver(way, part), strict=True):
                outcomes[at] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    async def _deliver(self, way: str | None, part: Sequence[Delivery]) -> Sequence[Outcome]:
        if way is not None:

            async def send(opened: Opened) -> Sequence[Outcome]:
                if opened.remote is None:
                    raise NotFound(f"{way} is no account any more.")
                return await opened.remote.deliver(self._arn, self._parameters, part)

            return await through(self._outside, way, part, send)
        if self._here is not None:
            return await self._here.deliver(part)
        why = f"This server has no {self._arn}, and no target says that account {self._account} is elsewhere."
        return [Permanent("NO_RESOURCE", why)] * len(part)


async def through(outside: Outside, arn: str, batch: Sequence[Delivery], send: Send) -> Sequence[Outcome]:
    """What ``send`` answers for ``batch`` with what is open of ``arn``; whatever goes wrong is an outcome."""
    if not batch:
        return []
    failed: Outcome
    try:
        async with outside.opened(arn) as opened, asyncio.timeout(outside.seconds + _GRACE):
            outcomes = await send(opened)
        outside.count(arn, outcomes)
        return outcomes
    except NotFound as error:
        failed = Permanent("NO_RESOURCE", error.message)
    except Forbidden as error:
        failed = Permanent("NO_PERMISSIONS", error.message)
    except InvalidRequest as error:
        failed = Permanent("SDK_CLIENT_ERROR", error.message)
    except Broken as error:
        failed = Retry("NO_AUTHORIZATION", error.message)
    except TimeoutError:
        failed = Retry("TIMEOUT", f"{arn} did not answer within {outside.seconds:g} seconds.")
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises, an event must not be lost by it
        # A library's own words may hold an address with a password in it, so only its type is told.
        log.warning("a target outside failed", target=arn, reason=type(error).__name__)
        failed = Retry("CONNECTION_FAILURE", f"{arn} can't be delivered to: {type(error).__name__}.")
    outside.count(arn, [failed] * len(batch))
    return [failed] * len(batch)
