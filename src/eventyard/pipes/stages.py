"""What happens to a batch of records between source and target: filters, enrichment, templates, delivery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.clock import Clock
from eventyard.errors import EventyardError, InvalidRequest
from eventyard.event import new_ids
from eventyard.pattern import Pattern, matches, parse
from eventyard.pipes.resources import Pipe, Record
from eventyard.pipes.template import Fill, compile_template
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry, Target

Enrich = Callable[[Sequence[bytes]], Awaitable[Sequence[bytes]]]
"""What becomes of the payloads: none, or more or fewer than there were. Raises TryAgain, InvalidRequest."""

Call = Callable[[Sequence[bytes], Sequence[str]], Awaitable[Sequence[str]]]
"""Hands a whole batch, payloads with their keys, to a function that is waited for; answers the keys of the records that
it could not do. What an enrichment made has no keys. Raises TryAgain for all of them."""

#: Said by a function that has no room: it was not called.
_THROTTLED = "TooManyRequestsException"


class Stages:
    """The way through ``pipe``. ``enrich``: None for a pipe without. ``target``, or ``call`` for a function that is
    waited for. Raises InvalidRequest for filters and templates that can't be."""

    def __init__(
        self, pipe: Pipe, clock: Clock, enrich: Enrich | None, target: Target | None, call: Call | None
    ) -> None:
        self._clock = clock
        self._arn = pipe.arn
        self._enrich = enrich
        self._target = target
        self._call = call
        self._filters = _filters(pipe.source_parameters)
        constants = {
            "aws.pipes.pipe-arn": pipe.arn,
            "aws.pipes.pipe-name": pipe.name,
            "aws.pipes.source-arn": pipe.source,
            "aws.pipes.enrichment-arn": pipe.enrichment or "",
            "aws.pipes.target-arn": pipe.target,
        }
        self._before = compile_template(pipe.enrichment_parameters.get("InputTemplate"), constants)
        self._after = compile_template(pipe.target_parameters.get("InputTemplate"), constants)

    def wanted(self, record: Record) -> bool:
        """Whether a filter lets ``record`` pass; without filters all pass."""
        return not self._filters or any(matches(pattern, record.parsed) for pattern in self._filters)

    async def deliver(self, records: Sequence[Record]) -> list[Outcome]:
        """One outcome for each record, in order. What an enrichment made of several succeeds or fails with all."""
        if self._enrich is None:
            payloads = [_payload(self._after, one, self._clock.now()) for one in records]
            return await self._deliver(payloads, [one.parsed for one in records], records)
        try:
            given = [_filled(self._before, one, self._clock.now()) for one in records]
            made = await self._enrich(given)
            now = self._clock.now()
            payloads = [self._after(one, now) if self._after else one for one in made]
        except EventyardError as error:
            return [_failed(error)] * len(records)
        outcomes = await self._deliver(payloads, made, None)
        worst = next((one for one in outcomes if one != DELIVERED), DELIVERED)
        return [worst] * len(records)

    async def _deliver(
        self, payloads: Sequence[bytes | Permanent], events: Sequence[bytes], records: Sequence[Record] | None
    ) -> list[Outcome]:
        """``events``: what the payloads were made of, for parameters that name a place in it."""
        outcomes: list[Outcome] = [one if isinstance(one, Permanent) else DELIVERED for one in payloads]
        places = [at for at, one in enumerate(payloads) if not isinstance(one, Permanent)]
        ready = [one for one in payloads if not isinstance(one, Permanent)]
        if not ready:
            return outcomes
        if self._call is not None:
            failed = await self._called(ready, [] if records is None else [records[at].key for at in places])
            for at in places:
                key = None if records is None else records[at].key
                if isinstance(failed, Retry):
                    outcomes[at] = failed
                elif failed and (key is None or key in failed):
                    outcomes[at] = Retry("BATCH_ITEM_FAILURE", "The function reported the record as failed.")
            return outcomes
        if self._target is None:
            raise InvalidRequest("The pipe has no target.")
        ids = new_ids(len(ready), self._clock.now())
        size = self._target.batch_size
        sent: list[Outcome] = []
        for start in range(0, len(ready), size):
            batch = [
                Delivery(id, payload, None if records is None else records[at].trace, events[at], self._arn)
                for id, payload, at in zip(
                    ids[start : start + size], ready[start : start + size], places[start : start + size], strict=True
                )
            ]
            sent += await self._target.deliver(batch)
        for at, outcome in zip(places, sent, strict=True):
            outcomes[at] = outcome
        return outcomes

    async def _called(self, ready: Sequence[bytes], keys: Sequence[str]) -> frozenset[str] | Retry:
        if self._call is None:
            return frozenset()
        try:
            return frozenset(await self._call(ready, keys))
        except EventyardError as error:
            return Retry(error.code, error.message, called=error.code != _THROTTLED)


def _filters(parameters: Mapping[str, Any]) -> list[Pattern]:
    given = (parameters.get("FilterCriteria") or {}).get("Filters") or []
    return [parse(one["Pattern"]) for one in given if one.get("Pattern")]


def _filled(template: Fill | None, record: Record, now: int) -> bytes:
    # Without a template the target gets the record as its source shows it, the payload as text.
    return record.body if template is None else template(record.parsed, now)


def _payload(template: Fill | None, record: Record, now: int) -> bytes | Permanent:
    try:
        return _filled(template, record, now)
    except InvalidRequest as error:
        return Permanent("INVALID_JSON", error.message)


def _failed(error: EventyardError) -> Outcome:
    return (
        Permanent("INVALID_JSON", error.message)
        if isinstance(error, InvalidRequest)
        else Retry(error.code, error.message)
    )


def items_of(answer: bytes) -> list[bytes]:
    """The events that an enrichment answered: those of a list, or the one; none for an empty answer."""
    text = answer.strip()
    if text in (b"", b"null", b'""', b"{}", b"[]"):
        return []
    try:
        return [bytes(one) for one in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except msgspec.DecodeError:
        return [text]
