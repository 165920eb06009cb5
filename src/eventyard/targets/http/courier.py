"""Makes the calls of all HTTP targets: authorises them, holds each destination to its limits, and tells how it went.

Each destination has its own slots, rate and breaker, so that one that hangs holds up itself and nobody else. Retrying
is not its business.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Sequence

import structlog

from eventyard.clock import Clock
from eventyard.destination import Access, ApiKey, Basic, Destination, Destinations, OAuth
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.target import Delivery, Outcome, Retry
from eventyard.targets.http.answer import Answer
from eventyard.targets.http.client import Call, Client, Unreachable
from eventyard.targets.http.guard import Guard
from eventyard.targets.http.limits import Lane
from eventyard.targets.http.outcome import UNAUTHORIZED, failure, outcome_of, refused
from eventyard.targets.http.parameters import Parameters
from eventyard.targets.http.tokens import NoToken, Tokens
from eventyard.targets.http.webhooks import signature, signs

log = structlog.get_logger("targets.http")

#: User guide, "API destinations": "a maximum client execution timeout of 5 seconds".
TIMEOUT = 5.0
SLOTS = 16
#: Seconds to wait for an open circuit, and for the rate; short, because a server that stops waits for both.
_PAUSE = 1.0
_QUEUE = 2.0


Heard = Callable[[Delivery, Answer], None]


class Courier:
    """``seconds``: what a call has in all. ``tls``: None trusts what the system trusts."""

    def __init__(
        self,
        destinations: Destinations,
        guard: Guard,
        clock: Clock,
        seconds: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._destinations = destinations
        self._clock = clock
        self._timeout = seconds
        self._client = Client(guard, clock, tls, plain=False)
        self._tokens = Tokens(self._client, clock, seconds)
        self._lanes: dict[str, Lane] = {}
        self._trials: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Drop what is under way. Call once deliveries have ended."""
        for trial in self._trials:
            trial.cancel()
        await asyncio.gather(*self._trials, return_exceptions=True)
        await self._tokens.close()
        self._client.close()

    def authorize(self, access: Access) -> None:
        """Try the OAuth credentials of a connection in the background, so that its state says whether they work."""
        oauth = access.authorization
        if isinstance(oauth, OAuth):
            trial = asyncio.get_running_loop().create_task(self._try(access, oauth), name="authorize")
            self._trials.add(trial)
            trial.add_done_callback(self._trials.discard)

    def batch_size(self, arn: str) -> int:
        """About a second's worth of calls, so that a slow destination's batch is done soon after it was begun."""
        lane = self._lanes.get(arn)
        return SLOTS if lane is None else max(1, min(SLOTS, lane.rate.per_second))

    async def deliver(
        self, arn: str, parameters: Parameters, batch: Sequence[Delivery], heard: Heard | None = None
    ) -> Sequence[Outcome]:
        """Call the API destination ``arn`` once for each of ``batch``, side by side. ``heard``: told each answer."""
        destination = self._destinations.destination(arn)
        if destination is None:
            self._lanes.pop(arn, None)
            return [refused("NO_RESOURCE", f"API destination {arn} does not exist.")] * len(batch)
        if destination.access is None:
            return [failure("NO_AUTHORIZATION", destination.reason)] * len(batch)
        lane = self._lanes.get(arn)
        if lane is None:
            lane = self._lanes[arn] = Lane(self._clock, destination.rate, SLOTS)
        lane.rate.per_second = destination.rate
        if lane.breaker.is_open:
            # The subscriber waits here, or it would turn its whole backlog into deferred deliveries at full speed.
            await self._clock.sleep(min(lane.breaker.left, _PAUSE))
        access = destination.access
        return await asyncio.gather(*(self._one(lane, destination, access, parameters, item, heard) for item in batch))

    async def _one(
        self,
        lane: Lane,
        destination: Destination,
        access: Access,
        parameters: Parameters,
        item: Delivery,
        heard: Heard | None,
    ) -> Outcome:
        async with lane.slots:
            wait = lane.breaker.wait()
            if wait is not None:
                return Retry("CIRCUIT_OPEN", "Not called: the endpoint failed many times in a row.", wait, False)
            settled = False
            try:
                wait = await lane.rate.turn(_QUEUE)
                if wait is not None:
                    return Retry("RATE_EXCEEDED", "Not called: many others wait for the endpoint.", wait, False)
                outcome, healthy = await self._call(destination, access, parameters, item, heard)
                settled = True
            finally:
                if not settled:
                    lane.breaker.abandoned()
            was_open = lane.breaker.is_open
            if healthy is None:
                lane.breaker.abandoned()
            elif healthy:
                lane.breaker.succeeded()
            else:
                lane.breaker.failed()
            if was_open != lane.breaker.is_open:
                log.warning("circuit opened" if not was_open else "circuit closed", destination=destination.arn)
            return outcome

    async def _call(
        self, destination: Destination, access: Access, parameters: Parameters, item: Delivery, heard: Heard | None
    ) -> tuple[Outcome, bool | None]:
        """The outcome, and whether the destination is in good health; None if this call can't tell."""
        try:
            call = parameters.call(destination, access.extra, item.payload, item.event)
        except InvalidRequest as error:
            return refused("SDK_CLIENT_ERROR", error.message), None
        try:
            header, secrets = await self._authorization(access)
        except NoToken as error:
            await self._destinations.authorized(access, str(error))
            return failure("NO_AUTHORIZATION", str(error)), False
        try:
            headers = [header]
            if signs(*header):
                headers = signature(header[1], item.event_id, self._clock.now(), call.body or b"")
        except InvalidRequest as error:
            return refused("SDK_CLIENT_ERROR", error.message), None
        seconds = parameters.seconds or self._timeout
        try:
            answer = await self._client.send(_with_headers(call, headers), seconds)
        except TimeoutError:
            return failure("TIMEOUT", f"no answer within {seconds:g} seconds"), False
        except Unreachable as error:
            return failure("CONNECTION_FAILURE", str(error)), False
        except Forbidden as error:
            return refused("NO_PERMISSIONS", error.message), None
        await self._note(access, header[1], answer)
        if heard is not None:
            heard(item, answer)
        outcome = outcome_of(answer, self._clock.now(), secrets)
        return outcome, answer.status < 500

    async def _authorization(self, access: Access) -> tuple[tuple[str, str], tuple[str, ...]]:
        """The header, and all texts that nobody must see. Raises NoToken."""
        how = access.authorization
        if isinstance(how, Basic):
            proof = base64.b64encode(f"{how.username}:{how.password}".encode()).decode()
            return ("Authorization", f"Basic {proof}"), (proof, *access.secrets)
        if isinstance(how, ApiKey):
            return (how.name, how.value), access.secrets
        token = await self._tokens.token(access, how)
        return ("Authorization", f"Bearer {token}"), (token, *access.secrets)

    async def _note(self, access: Access, value: str, answer: Answer) -> None:
        """Tell what the answer says about the credentials."""
        if answer.status in UNAUTHORIZED:
            if isinstance(access.authorization, OAuth):
                self._tokens.forget(access, value.removeprefix("Bearer "))
            else:
                reason = f"The endpoint refused the credentials with status {answer.status}."
                await self._destinations.authorized(access, reason)
        elif 200 <= answer.status < 300:
            await self._destinations.authorized(access, None)

    async def _try(self, access: Access, oauth: OAuth) -> None:
        try:
            await self._tokens.token(access, oauth)
        except NoToken as error:
            await self._destinations.authorized(access, str(error))
        else:
            await self._destinations.authorized(access, None)


def _with_headers(call: Call, headers: Sequence[tuple[str, str]]) -> Call:
    names = {name.lower() for name, _ in headers}
    kept = [each for each in call.headers if each[0].lower() not in names]
    return Call(call.method, call.url, [*kept, *headers], call.body)
