"""``EventClient``: publishes events that keep their contracts, from an event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from typing import Any, Self, Unpack

from botocore.config import Config

from eventyard.client.admission import Admission, Draft, More, Unknown
from eventyard.client.backoff import Backoff
from eventyard.client.contracts import Source, contracts_of
from eventyard.client.door import Door
from eventyard.client.entry import Admitted
from eventyard.client.registry import Registry
from eventyard.client.sender import Batching, Sender
from eventyard.client.tally import Tally, Tell
from eventyard.client.violation import ManyFailed
from eventyard.clock import Clock, SystemClock
from eventyard.errors import Conflict, EventyardError, InvalidRequest, TryAgain


class EventClient:
    """Publishes to Eventyard or to AWS: the endpoint, region and credentials are found as by every AWS client.

    ``contracts``: where the contracts are; an event that breaks its own is never sent. ``unknown``: what becomes of
    events without one. ``source``: whose events these are, for contracts that several sources have and events without
    one. ``bus``: where to, whatever contracts say. ``tell``: hears of everything that is counted.

    Used from one event loop at a time, and by any number of its tasks. A process that was forked needs a client of its
    own. Raises InvalidRequest for what can't be, such as no contracts and unknown events not allowed, and NotFound for
    contracts that aren't there."""

    def __init__(
        self,
        contracts: Source | None = None,
        *,
        unknown: Unknown = "refuse",
        source: str | None = None,
        bus: str | None = None,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        session: Any = None,
        config: Config | None = None,
        batching: Batching | None = None,
        backoff: Backoff | None = None,
        tell: Tell | None = None,
        clock: Clock | None = None,
    ) -> None:
        if contracts is None and unknown == "refuse":
            raise InvalidRequest('Say where the contracts are, or unknown="allow" for a client that checks nothing.')
        self.tally = Tally(tell)
        self._batching = batching or Batching()
        self.backoff = backoff or Backoff()
        self._clock = clock or SystemClock()
        found = None if contracts is None else contracts_of(contracts)
        if isinstance(found, Registry):
            found.told_by(self.tally)
        self._admission = Admission(found, unknown, self.tally, self._clock, source, bus)
        self._door = Door(self._batching.in_flight, endpoint_url, region, profile, session, config)
        self._sender: Sender | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._process = os.getpid()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def put(self, event: str, detail: Any, **more: Unpack[More]) -> str:
        """Publish one event (``more``: see :class:`Draft`) and answer its id, once the server has it durably.

        Raises ContractViolation and NotFound, and nothing was sent; InvalidRequest or Forbidden, with the server's
        code: it does not want this event; Broken: the endpoint is no EventBridge, or can't be trusted; TryAgain: tries
        or patience are used up, and it may or may not have been published. Cancelled, an event that was not sent yet
        never is."""
        return await self.publish(Draft(event, detail, **more))

    async def publish(self, draft: Draft) -> str:
        """:meth:`put` of a draft."""
        sender = self._running()
        (admitted,) = await self._admission.admit_all((draft,))
        return await (await sender.submit(admitted))

    async def put_many(self, events: Iterable[Draft | tuple[str, Any]]) -> list[str]:
        """Publish events, each a :class:`Draft` or a name and its detail, and answer their ids in the same order.

        All are checked before one is sent. Raises ManyFailed, with the outcome of each."""
        drafts = [each if isinstance(each, Draft) else Draft(*each) for each in events]
        sender = self._running()
        try:
            admitted = await self._admission.admit_all(drafts)
        except EventyardError:
            raise ManyFailed([self._refusal(draft) for draft in drafts]) from None
        outcomes = await self._send(sender, admitted)
        if any(isinstance(outcome, EventyardError) for outcome in outcomes):
            raise ManyFailed(outcomes)
        return [str(outcome) for outcome in outcomes]

    async def send(self, admitted: Sequence[Admitted]) -> list[str | EventyardError]:
        """Publish entries that :meth:`admit` made; for each its id or why it was not published."""
        return await self._send(self._running(), admitted)

    def admit(self, draft: Draft) -> Admitted:
        """Check an event without sending it, for an outbox. May wait for a registry. Raises as :meth:`put` does."""
        return self._admission.admit(draft)

    async def flush(self) -> None:
        """Return when everything that was put is published or given up."""
        if self._sender is not None and self._loop is asyncio.get_running_loop():
            await self._sender.flush()

    async def close(self, seconds: float | None = None) -> None:
        """Flush, and take no more. After ``seconds``, if given, what is not settled fails with TryAgain."""
        self._closed = True
        try:
            async with asyncio.timeout(seconds):
                await self.flush()
        except TimeoutError:
            pass  # what is left is told that by the futures
        finally:
            if self._sender is not None and self._loop is asyncio.get_running_loop():
                await self._sender.abandon("The client was closed before the server answered.")
            self._door.close()

    def _running(self) -> Sender:
        """The sender of this event loop."""
        if self._closed:
            raise Conflict("The client is closed.", "Closed")
        if os.getpid() != self._process:
            raise Conflict("The client was made before this process was forked: make one here.", "Forked")
        loop = asyncio.get_running_loop()
        if self._sender is None or self._loop is not loop:
            # One event loop after another is fine, as of handlers that run one for each invocation.
            if (
                self._sender is not None
                and self._loop is not None
                and not self._sender.idle
                and not self._loop.is_closed()
            ):
                raise Conflict("The client is in use on another event loop.", "OtherLoop")
            self._loop = loop
            self._sender = Sender(self._door, self._batching, self.backoff, self.tally, self._clock)
        return self._sender

    async def _send(self, sender: Sender, admitted: Sequence[Admitted]) -> list[str | EventyardError]:
        futures: list[asyncio.Future[str]] = []
        try:
            for each in admitted:
                futures.append(await sender.submit(each))
            if futures:
                await asyncio.wait(futures)
        except asyncio.CancelledError:
            for future in futures:
                future.cancel()
            raise
        return [_outcome(future) for future in futures]

    def _refusal(self, draft: Draft) -> EventyardError | None:
        try:
            self._admission.admit(draft)
        except EventyardError as error:
            return error
        return None


def _outcome(future: asyncio.Future[str]) -> str | EventyardError:
    if future.cancelled():
        return TryAgain("The client was closed before the server answered.", "Closed")
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, EventyardError):
        return error
    raise error
