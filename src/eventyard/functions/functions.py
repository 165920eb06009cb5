"""The functions of all accounts: kept, invoked at once or later. What Lambda's API calls things is not known here.

An asynchronous invocation is an event on the function's own log, whose one subscriber invokes it: so it is durable when
it is accepted, and tried again, dead-lettered and told of like any delivery.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import msgspec
import structlog

from eventyard.chore import every
from eventyard.clock import Clock
from eventyard.errors import Conflict, EventyardError, InvalidRequest, NotFound, TryAgain
from eventyard.event import Event, envelope, iso_seconds, new_ids
from eventyard.feed import Bury, Feed, Feeds
from eventyard.functions.caller import Caller
from eventyard.functions.child import kill_orphans
from eventyard.functions.code import Code
from eventyard.functions.pool import Pool
from eventyard.functions.records import Attempts, Letter, Tell, record_of
from eventyard.functions.resources import Function, Invocation, Outcome
from eventyard.pattern import parse
from eventyard.store import Catalog, Change
from eventyard.target import DELIVERED, Delivery, Retry
from eventyard.target import Outcome as DeliveryOutcome

log = structlog.get_logger("functions")

_KIND = "function"
_SWEEP = 60.0
_SOURCE = "eventyard.functions"
_ALL = parse('{"source":["eventyard.functions"]}')
_BEFORE = b',"resources":[],"detail":'
#: Bytes: Lambda's quota for asynchronous invocations is 1 MB, for synchronous ones 6 MB.
MOST_ASYNC, MOST_SYNC = 1 << 20, 6 << 20

Publish = Callable[[str, Sequence[Event]], Awaitable[None]]


class _Backoff(msgspec.Struct, frozen=True):
    """Developer guide, "How Lambda handles errors and retries with asynchronous invocation": one minute before the
    second attempt, two before the third; what is throttled waits from a second up to five minutes."""

    retries: int
    max_age: int

    def delay(self, attempts: int) -> float:
        return 60.0 * attempts if attempts else 1.0

    def exhausted(self, attempts: int, ingested: int, next_try: int) -> str | None:
        if attempts > self.retries:
            return "RetriesExhausted"
        return "EventAgeExceeded" if next_try - ingested > self.max_age * 1000 else None


class Functions:
    """Reads answer from memory; changes are coroutines that return when the change is durable."""

    def __init__(
        self, catalog: Catalog, code: Code, pool: Pool, feeds: Feeds, publish: Publish, tell: Tell, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._code = code
        self._pool = pool
        self._feeds = feeds
        self._publish = publish
        self._tell = tell
        self._attempts = Attempts()
        self._clock = clock
        self._functions: dict[str, Function] = {}
        self._under_way: dict[str, dict[str, asyncio.Task[DeliveryOutcome]]] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back, and end what a server before this one left running. Call once, before the engine starts."""
        await asyncio.to_thread(kill_orphans, self._code.folder)
        for value in (await self._catalog.load(_KIND)).values():
            self._follow(msgspec.json.decode(value, type=Function))
        await asyncio.to_thread(self._code.keep_only, {function.code for function in self._functions.values()})

    @property
    def pool(self) -> Pool:
        """What runs them, for who counts."""
        return self._pool

    async def run(self) -> None:
        """Forever: end workers that nobody needs, and throw away code that nobody has."""
        await every(_SWEEP, self._clock, self._sweep, "idle workers and old code can't be ended")

    # --- what is kept -----------------------------------------------------------------------------------------------

    def get(self, arn: str) -> Function:
        """The function with ``arn``. Raises NotFound."""
        function = self._functions.get(arn)
        if function is None:
            raise NotFound(f"Function not found: {arn}", "ResourceNotFoundException")
        return function

    def find(self, account: str, region: str) -> list[Function]:
        """The functions of an account in a region, by name."""
        return [
            self._functions[arn]
            for arn in sorted(self._functions)
            if (self._functions[arn].account, self._functions[arn].region) == (account, region)
        ]

    async def add_code(self, zipped: bytes, keep: bool = True) -> str:
        """Keep the zip file, or only try it; answers its digest. Raises InvalidRequest for what is none."""
        return await asyncio.to_thread(self._code.add, zipped, keep)

    async def create(self, function: Function) -> None:
        """Keep a new function. Raises Conflict if there is one of its name."""
        async with self._turn:
            if function.arn in self._functions:
                raise Conflict(f"Function already exist: {function.name}", "ResourceConflictException")
            await self._keep(function)

    async def change(self, arn: str, change: Callable[[Function], Function]) -> Function:
        """Keep what ``change`` makes of the function. Raises NotFound, and what ``change`` raises."""
        async with self._turn:
            function = change(self.get(arn))
            await self._keep(function)
        await self._pool.retire(arn, function.revision)
        return function

    async def delete(self, arn: str) -> None:
        """Forget the function and what was to be invoked later. Raises NotFound."""
        async with self._turn:
            self.get(arn)
            await self._catalog.apply([Change(_KIND, arn, None)])
            del self._functions[arn]
            self._feeds.forget(arn)
            self._feeds.drop_log(_log_of(arn))
            self._under_way.pop(arn, None)
        await self._pool.retire(arn)

    # --- invoking ---------------------------------------------------------------------------------------------------

    async def invoke(self, arn: str, invocation: Invocation) -> Outcome:
        """Run the function and answer how it ended. Raises NotFound, and TryAgain when too many run already."""
        function = self.get(arn)
        return await self._pool.run(function, invocation, float(function.timeout))

    async def accept(self, arn: str, invocations: Sequence[Invocation]) -> None:
        """Invoke the function later; durable when this returns. Raises NotFound, and InvalidRequest for what is too
        large."""
        function, now = self.get(arn), self._clock.now()
        for invocation in invocations:
            if len(invocation.payload) > MOST_ASYNC:
                raise InvalidRequest(
                    f"{len(invocation.payload)} byte payload is too large for the Event invocation type "
                    f"(limit {MOST_ASYNC} bytes)",
                    "RequestTooLargeException",
                )
        await self._publish(_log_of(arn), [_event(function, invocation, now) for invocation in invocations])

    async def deliver(self, arn: str, letters: Sequence[tuple[str | None, bytes]]) -> None:
        """``accept`` for a rule's target: (trace, payload) each."""
        ids = new_ids(len(letters), self._clock.now())
        await self.accept(
            arn, [Invocation(id, payload, trace) for id, (trace, payload) in zip(ids, letters, strict=True)]
        )

    async def close(self, grace: float = 5.0) -> None:
        await self._pool.close(grace)

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _sweep(self) -> None:
        await self._pool.sweep()
        used = {function.code for function in self._functions.values()}
        await asyncio.to_thread(self._code.sweep, used, self._clock.now())

    async def _keep(self, function: Function) -> None:
        await self._catalog.apply([Change(_KIND, function.arn, msgspec.json.encode(function))])
        self._follow(function)

    def _follow(self, function: Function) -> None:
        self._functions[function.arn] = function
        self._feeds.keep_log(_log_of(function.arn))
        self._feeds.keep(
            Feed(
                name=function.arn,
                log=_log_of(function.arn),
                pattern=_ALL,
                target_arn=function.arn,
                target=Caller(
                    partial(self._attempt, function.arn),
                    self._clock,
                    self._pool.most(function),
                    function.max_age,
                    self._under_way.setdefault(function.arn, {}),
                ),
                payload=payload_of,
                dead_letter_arn=function.dead_letter_arn or function.on_failure,
                bury=self._bury(function),
                retry=_Backoff(function.retries, function.max_age),
            )
        )

    async def _attempt(self, arn: str, item: Delivery) -> DeliveryOutcome:
        try:
            function = self.get(arn)
            outcome = await self._pool.run(function, Invocation(item.event_id, item.payload, item.trace), None)
        except TryAgain as error:
            return Retry(error.code, error.message, called=False)
        except NotFound:  # deleted meanwhile, and its feed is about to end
            return DELIVERED
        count = self._attempts.made(item.event_id, outcome)
        if outcome.error is None:
            self._attempts.forget(item.event_id)
            if function.on_success is not None:
                record = record_of(function, item.event_id, item.payload, outcome, "Success", count, self._clock.now())
                await self._send(function.on_success, Letter(arn, record, "Success"))
            return DELIVERED
        return Retry(outcome.error, outcome.payload.decode("utf-8", "replace")[:1024])

    def _bury(self, function: Function) -> Bury | None:
        """What becomes of an event that is given up: it is sent to the dead-letter queue as it was, and as a record to
        the destination of failures."""
        queue, destination = function.dead_letter_arn, function.on_failure
        if queue is None and destination is None:
            return None

        async def bury(event: Event, why: Mapping[str, str]) -> bool:
            payload, told = payload_of(event.body), True
            if queue is not None:
                # Developer guide, "Adding a dead-letter queue": the event as it was, and these attributes.
                attributes = {"RequestID": event.id, "ErrorCode": "200", "ErrorMessage": why["ERROR_MESSAGE"]}
                told = await self._send(queue, Letter(function.arn, payload, attributes=attributes))
            if destination is not None:
                condition = why.get("EXHAUSTED_RETRY_CONDITION") or "RetriesExhausted"
                if condition == "MaximumEventAgeExceeded":
                    condition = "EventAgeExceeded"
                count, outcome = self._attempts.of(event.id, why["ERROR_MESSAGE"])
                count = max(count, int(why.get("RETRY_ATTEMPTS", "0")) + 1)
                record = record_of(function, event.id, payload, outcome, condition, count, self._clock.now())
                told = await self._send(destination, Letter(function.arn, record, "Failure")) and told
            self._attempts.forget(event.id)
            return told

        return bury

    async def _send(self, arn: str, letter: Letter) -> bool:
        """Whether the letter is where it belongs. Raises TryAgain."""
        try:
            await self._tell(arn, letter)
        except TryAgain:
            raise
        except EventyardError as error:
            log.error("a function's letter was refused", function=letter.function, to=arn, reason=error.message)
            return False
        return True


def _event(function: Function, invocation: Invocation, now: int) -> Event:
    body = envelope(
        id=invocation.id,
        detail_type="Function Invocation",
        source=_SOURCE,
        account=function.account,
        time=iso_seconds(now),
        region=function.region,
        resources=(),
        detail=invocation.payload,
    )
    return Event(body, now, invocation.trace)


def _log_of(arn: str) -> str:
    """Where the asynchronous invocations of a function are kept."""
    return f"{arn}#invocations"


def payload_of(body: bytes) -> bytes:
    """What the function is to be given, from the body of an event on its log."""
    return body.partition(_BEFORE)[2][:-1]
