"""Which contracts an event has, and how it breaks them: compiled once, looked at again when the registry changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import orjson
import structlog

from eventyard.contract import Validator, Violation
from eventyard.contract.registered import read_registered
from eventyard.errors import InvalidRequest
from eventyard.event import Event

log = structlog.get_logger("validation")

Registered = Callable[[str, str], Sequence[str]]
"""``registered(registry, name)``: the contents of all versions of a schema, the newest first; the very same object
until one of them changes. Empty if there is none."""


class Head(msgspec.Struct):
    """What of an event is looked at. ``detail`` is its own text."""

    source: str
    detail_type: str = msgspec.field(name="detail-type")
    detail: msgspec.Raw = msgspec.Raw(b"{}")

    @property
    def name(self) -> str:
        """The name of its schema in a registry."""
        return f"{self.source}@{self.detail_type}"


class Promise(msgspec.Struct, frozen=True):
    """One version of a contract, compiled. ``publisher``: who may be told of violations."""

    version: int
    publisher: str
    validator: Validator

    @property
    def kept(self) -> Verdict:
        """Of an event that keeps its contract."""
        return Verdict(self)


class Verdict(msgspec.Struct, frozen=True):
    """``promise``: the newest version; None where the event has no contract. ``violations``: of that one, if the event
    keeps none of the versions."""

    promise: Promise | None
    violations: Sequence[Violation] = ()


_UNKNOWN = Verdict(None)
_head = msgspec.json.Decoder(Head).decode
_KEPT = 10_000


class Judge:
    """An event keeps its contract if it keeps any version of it, because it does not say which one it is."""

    def __init__(self, registered: Registered) -> None:
        self._registered = registered
        self._compiled: dict[tuple[str, str], tuple[Sequence[str], list[Promise]]] = {}

    def judge(self, registry: str, head: Head) -> Verdict:
        """How the event breaks its contract in ``registry``."""
        promises = self._promises(registry, head.name)
        if not promises:
            return _UNKNOWN
        detail = orjson.loads(memoryview(head.detail))
        for promise in promises:
            if promise.validator.is_valid(detail):
                return promises[0].kept
        return Verdict(promises[0], promises[0].validator.violations(detail))

    def _promises(self, registry: str, name: str) -> list[Promise]:
        contents = self._registered(registry, name)
        known = self._compiled.get((registry, name))
        if known is not None and known[0] is contents:
            return known[1]
        promises: dict[int, Promise] = {}
        for at, content in enumerate(contents):
            try:
                found = read_registered(content, name)
                validator = found.validator
            except InvalidRequest as error:
                # Registered by somebody who knows what else reads it; events must not stop for it.
                log.warning("a contract can't be checked", registry=registry, name=name, reason=error.message)
                continue
            contract = found.contract
            if found.document is not None or at == 0:
                promises.setdefault(contract.version, Promise(contract.version, contract.publisher, validator))
            if found.document is None:
                break  # without documents, older versions are what the newest has replaced
        newest_first = [promises[version] for version in sorted(promises, reverse=True)]
        if len(self._compiled) >= _KEPT:
            self._compiled.clear()
        self._compiled[registry, name] = contents, newest_first
        return newest_first


def head_of(event: Event) -> Head:
    return _head(event.body)
