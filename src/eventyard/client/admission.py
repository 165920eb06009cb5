"""Admits events: finds the contract, checks the detail, and makes the entry that is sent. It sends nothing."""

from __future__ import annotations

import asyncio
import contextlib
import math
import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, TypedDict

import msgspec
import orjson

from eventyard.client.contracts import Checked, Contracts
from eventyard.client.entry import MOST_BYTES, Admitted, Entry
from eventyard.client.tally import Tally
from eventyard.client.trace import current, is_traceparent, to_xray
from eventyard.client.violation import ContractViolation
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, NotFound

Unknown = Literal["refuse", "warn", "allow"]
"""What becomes of an event without a contract."""

ONCE = "urn:eventyard:once:"
"""How an id that stays the same however often an event is sent stands among its ``resources``."""

_LONGEST = 2048
#: Names of unknown events may come from outside of the program.
_MOST_WARNINGS = 1000


class More(TypedDict, total=False):
    """What a put may say beside the event and its detail: see :class:`Draft`."""

    key: str | None
    source: str | None
    bus: str | None
    version: int | None
    time: datetime | None
    resources: Sequence[str]
    traceparent: str | None
    once: str | None


class Draft(msgspec.Struct, frozen=True):
    """An event to be published.

    ``detail``: a mapping, a dataclass, a msgspec Struct or a pydantic model. ``key``: events of one key are published
    in the order in which they were put. ``source``, ``bus``: the contract's unless given. ``version``: of the contract;
    the newest unless given. ``time``: when it happened; when the server takes it unless given. ``traceparent``: the
    current one unless given. ``once``: an id of the caller by which consumers recognise the event if it is sent
    twice."""

    event: str
    detail: Any
    key: str | None = None
    source: str | None = None
    bus: str | None = None
    version: int | None = None
    time: datetime | None = None
    resources: Sequence[str] = ()
    traceparent: str | None = None
    once: str | None = None


class Admission:
    """``source``, ``bus``: for drafts that don't say. ``contracts``: None only where ``unknown`` is ``allow``."""

    def __init__(
        self,
        contracts: Contracts | None,
        unknown: Unknown,
        tally: Tally,
        clock: Clock,
        source: str | None = None,
        bus: str | None = None,
    ) -> None:
        self._contracts = contracts
        self._unknown = unknown
        self._tally = tally
        self._clock = clock
        self._source = source
        self._bus = bus
        self._warned: set[tuple[str, str]] = set()
        self._turn = asyncio.Lock()
        self._in_line = 0

    async def admit_all(self, drafts: Sequence[Draft]) -> list[Admitted]:
        """What :meth:`admit` answers for each. Whoever asks first is answered first, also if a contract must be
        fetched: meanwhile all others wait behind. Raises as :meth:`admit` does."""
        if self._in_line == 0 and all(map(self._ready, drafts)):
            return [self.admit(draft) for draft in drafts]
        if self._in_line == 0:
            self._turn = asyncio.Lock()  # of this event loop
        self._in_line += 1
        try:
            async with self._turn:
                for draft in drafts:
                    if not self._ready(draft):
                        with contextlib.suppress(NotFound):  # is raised, or not, where the draft is admitted
                            await asyncio.to_thread(self._find, draft)
                return [self.admit(draft) for draft in drafts]
        finally:
            self._in_line -= 1

    def admit(self, draft: Draft) -> Admitted:
        """The entry for ``draft``, checked.

        Raises ContractViolation; NotFound for an event without a contract where those are refused; InvalidRequest for
        what can't be an entry at all, or is past its sunset; TryAgain where a registry can't be reached."""
        text, value = _encoded(draft)
        found = self._contract(draft)
        if found is not None:
            self._check(found, value)
        source = draft.source or (found.contract.source if found else self._source)
        if not source:
            raise InvalidRequest(f"{draft.event} has no contract that says its source: give one.")
        bus = draft.bus or self._bus or (found.contract.bus if found else None) or "default"
        resources = (*draft.resources, ONCE + draft.once) if draft.once else tuple(draft.resources)
        if any(not 0 < len(each) <= _LONGEST for each in resources):
            raise InvalidRequest(f"Resources of {draft.event} have between 1 and {_LONGEST} characters.")
        entry = Entry(source, draft.event, text, bus, _seconds(draft), resources, _header(draft))
        size = entry.size
        if size > MOST_BYTES:
            raise InvalidRequest(f"{draft.event} has {size:,} bytes; an event has at most {MOST_BYTES:,}.")
        return Admitted(entry, draft.key, draft.event if found else "other", size)

    def _ready(self, draft: Draft) -> bool:
        return self._contracts is None or self._contracts.known(*self._asked(draft)) is not None

    def _asked(self, draft: Draft) -> tuple[str, str | None, int | None]:
        return draft.event, draft.source or self._source, draft.version

    def _find(self, draft: Draft) -> Checked:
        if self._contracts is None:
            raise NotFound(f"There is no contract for {draft.event}.", "UnknownEvent")
        asked = self._asked(draft)
        found = self._contracts.known(*asked)
        if found is None:
            return self._contracts.find(*asked)
        if isinstance(found, NotFound):
            raise NotFound(found.message, found.code)
        return found

    def _contract(self, draft: Draft) -> Checked | None:
        try:
            return self._find(draft)
        except NotFound as error:
            self._tally.add("unknown", "other")
            if self._unknown == "refuse" or draft.version is not None:
                raise
            if self._unknown == "warn":
                self._warn((draft.event, "unknown"), f"{error.message} It is published unchecked.", UserWarning)
            return None

    def _check(self, found: Checked, value: Any) -> None:
        contract = found.contract
        if found.deprecated is not None or found.sunset is not None:
            self._check_days(found, datetime.fromtimestamp(self._clock.now() / 1000, UTC).date())
        if not found.validator.is_valid(value):
            self._tally.add("violations", contract.type)
            raise ContractViolation(contract, found.validator.violations(value))

    def _check_days(self, found: Checked, today: date) -> None:
        contract = found.contract
        name = f"{contract.type} (version {contract.version})"
        if found.sunset is not None and found.sunset <= today:
            raise InvalidRequest(f"{name} can't be published since {found.sunset}, its sunset.", "Sunset")
        if found.deprecated is not None and found.deprecated <= today:
            self._tally.add("deprecated", contract.type)
            until = f", and can't be published from {found.sunset} on" if found.sunset else ""
            message = f"{name} is deprecated since {found.deprecated}{until}."
            self._warn((f"{contract.name}/{contract.version}", "deprecated"), message, FutureWarning)

    def _warn(self, once: tuple[str, str], message: str, category: type[Warning]) -> None:
        if once not in self._warned and len(self._warned) < _MOST_WARNINGS:
            self._warned.add(once)
            warnings.warn(message, category, stacklevel=6)


def _encoded(draft: Draft) -> tuple[str, Any]:
    """The detail as JSON, and as it reads for whoever receives it: that is what must keep the contract."""
    if not draft.event:
        raise InvalidRequest("An event has a name.")
    try:
        text = orjson.dumps(draft.detail, _converted)
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidRequest(f"The detail of {draft.event} can't be JSON: {error}.") from error
    value = orjson.loads(text)
    if not isinstance(value, dict):
        raise InvalidRequest(f"The detail of {draft.event} is an object, not {type(draft.detail).__name__}.")
    # JSON has no such numbers and would say null, which is another fact.
    if b"null" in text and _has_no_number(draft.detail):
        raise InvalidRequest(f"The detail of {draft.event} holds a number that is not finite.")
    return text.decode(), value


def _converted(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    if callable(dump := getattr(value, "model_dump", None)):  # pydantic, which is not asked for here
        return dump(mode="json")
    raise TypeError  # orjson names the type


def _has_no_number(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(_has_no_number, value.values()))
    return isinstance(value, list | tuple) and any(map(_has_no_number, value))


def _seconds(draft: Draft) -> float | None:
    if draft.time is None:
        return None
    if draft.time.tzinfo is None:
        raise InvalidRequest(f"The time of {draft.event} has no time zone.")
    return draft.time.timestamp()


def _header(draft: Draft) -> str | None:
    traceparent = draft.traceparent
    if traceparent is None:
        traceparent = current()
    elif not is_traceparent(traceparent):
        raise InvalidRequest(f"{traceparent!r} is no traceparent (W3C Trace Context).")
    return None if traceparent is None else to_xray(traceparent)
