"""``@handler``: a function that is given the event it is meant for, checked and typed, however it was delivered.

What it becomes is what Lambda invokes: ``function(event, context)``.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from eventyard.client.contracts import Checked, Contracts, Source, contracts_of
from eventyard.client.delivery import Batch, Delivered, batch_of, delivered
from eventyard.client.tally import Tally, Tell
from eventyard.client.trace import restored
from eventyard.client.typed import annotation_of, conversion_to
from eventyard.client.violation import ContractViolation
from eventyard.contract import Violation
from eventyard.errors import Conflict, EventyardError, InvalidRequest, NotFound

OnInvalid = Callable[[Delivered, EventyardError], Any]
"""Called, and awaited if it answers an awaitable, with an event that breaks its contract or does not fit the type."""

_log = logging.getLogger(__name__)
_MOST_VERSIONS = 100
#: Broken by members that a newer version of the contract has added. A consumer must not mind them.
_TOLERATED = frozenset({"additionalProperties", "unevaluatedProperties"})


class Handler:
    """A function for one event. Calling it with what Lambda gives runs it to its end; :meth:`handle` is for event
    loops."""

    def __init__(
        self,
        function: Callable[..., Any],
        event: str,
        contracts: Contracts | None,
        source: str | None,
        version: int | None,
        strict: bool,
        on_invalid: OnInvalid | None,
        model: Any,
        tell: Tell | None,
    ) -> None:
        self.event = event
        self.tally = Tally(tell)
        self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self._function = function
        self._contracts = contracts
        self._source = source
        self._version = version
        self._strict = strict
        self._on_invalid = on_invalid
        self._convert = conversion_to(model or annotation_of(function))
        self._informed = len(inspect.signature(function).parameters) > 1

    def __call__(self, event: Any, context: Any = None) -> Any:
        return Handlers((self,))(event, context)

    async def handle(self, event: Any, context: Any = None) -> Any:
        """As a call, awaited."""
        return await Handlers((self,)).handle(event, context)

    async def receive(self, event: Delivered) -> Any:
        """Check one event, and give it to the function. Raises what the function raises, and ContractViolation or
        InvalidRequest for an event that is not valid, unless there is an ``on_invalid`` to be told."""
        try:
            if self._contracts is not None:
                await self._check(self._contracts, event)
            detail = self._convert(event.detail)
        except InvalidRequest as error:
            self.tally.add("violations", self.event)
            if self._on_invalid is None:
                raise
            return await _awaited(self._on_invalid(event, error))
        with restored(event.info.traceparent):
            return await _awaited(self._function(detail, event.info) if self._informed else self._function(detail))

    async def _check(self, contracts: Contracts, event: Delivered) -> None:
        source = self._source or event.info.source
        newest = await _found(contracts, event.info.type, source, self._version)
        violations = self._violations(newest, event.detail)
        if violations and self._version is None:
            # An event does not say which version it keeps, so one is enough, as for a broker.
            for version in range(newest.contract.version - 1, max(0, newest.contract.version - _MOST_VERSIONS), -1):
                with contextlib.suppress(NotFound):
                    older = await _found(contracts, event.info.type, source, version)
                    if not self._violations(older, event.detail):
                        return
        if violations:
            raise ContractViolation(newest.contract, violations)

    def _violations(self, found: Checked, detail: Any) -> list[Violation]:
        if found.validator.is_valid(detail):
            return []
        violations = found.validator.violations(detail)
        return violations if self._strict else [each for each in violations if each.keyword not in _TOLERATED]


class Handlers:
    """Several handlers behind one entry point, such as of one queue. An event for none of them is an error."""

    def __init__(self, handlers: tuple[Handler, ...]) -> None:
        self._by_event = {each.event: each for each in handlers}
        if len(self._by_event) != len(handlers):
            raise InvalidRequest("There are two handlers for one event.")

    def __call__(self, event: Any, context: Any = None) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self.handle(event, context))
        raise Conflict("An event loop is running here: await the handler's handle(event, context).", "Running")

    async def handle(self, event: Any, context: Any = None) -> Any:
        """What the function answers to one event. Of a queue's or a stream's records: which of them failed, as Lambda
        and pipes want it told (``batchItemFailures``); of a topic's, None, or the first error after all were tried."""
        batch = batch_of(event)
        if batch is None:
            return await self._receive(delivered(event))
        failed, errors = await self._each(batch)
        if batch.partial:
            return {"batchItemFailures": [{"itemIdentifier": item} for item in failed]}
        if errors:
            raise errors[0]
        return None

    async def _each(self, batch: Batch) -> tuple[list[str], list[Exception]]:
        """The items and the errors of the records that failed, or had to wait for one that failed."""
        failed: list[str] = []
        errors: list[Exception] = []
        for item, record in batch.records:
            if errors and batch.ordered:
                failed.append(item or "")
                continue
            try:
                await self._receive(delivered(record, item))
            except Exception as error:  # noqa: BLE001 - one record must not take the others down
                _log.exception("the record %s failed", item)
                failed.append(item or "")
                errors.append(error)
        return failed, errors

    async def _receive(self, event: Delivered) -> Any:
        found = self._by_event.get(event.info.type)
        if found is None:
            raise NotFound(f"There is no handler for {event.info.type}, only for {', '.join(self._by_event)}.")
        return await found.receive(event)


def handler(
    event: str,
    *,
    contracts: Source | None = None,
    source: str | None = None,
    version: int | None = None,
    strict: bool = False,
    on_invalid: OnInvalid | None = None,
    model: Any = None,
    tell: Tell | None = None,
) -> Callable[[Callable[..., Any]], Handler]:
    """Makes a function, plain or async, the handler of ``event``.

    The function takes the detail, as ``model`` or as its annotation says, and, if it has a second argument, the
    :class:`EventInfo`. ``contracts``: what the detail is checked against; not at all if None. ``source``: the
    contract's, if not the event's own. ``strict``: refuse members that the contract does not have, which by default are
    tolerated so that producers may add some. ``on_invalid``: is told of events that are not valid, which then count as
    handled; without it they fail."""
    found = None if contracts is None else contracts_of(contracts)
    return lambda function: Handler(function, event, found, source, version, strict, on_invalid, model, tell)


def handlers(*each: Handler) -> Handlers:
    """One entry point for several handlers."""
    return Handlers(each)


async def _found(contracts: Contracts, type: str, source: str, version: int | None) -> Checked:
    found = contracts.known(type, source, version)
    if found is None:
        return await asyncio.to_thread(contracts.find, type, source, version)
    if isinstance(found, NotFound):
        raise NotFound(found.message, found.code)
    return found


async def _awaited(result: Any) -> Any:
    return await result if isinstance(result, Awaitable) else result
