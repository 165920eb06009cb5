"""Which contracts an event has, and how it breaks them: compiled once, looked at again when the registry changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import orjson
import structlog

from eventyard.contract import Validator, Violation
from eventyard.contract.registered import read_registered
from eventyard.errors import InvalidRequest
from eventyard.event import Event
from eventyard.inspection import Head

log = structlog.get_logger("validation")

Registered = Callable[[str, str], Sequence[str]]
"""``registered(registry, name)``: the contents of all versions of a schema, the newest first; the very same object
until one of them changes. Empty if there is none."""


class _Body(msgspec.Struct):
    source: str
    detail_type: str = msgspec.field(name="detail-type")
    detail: msgspec.Raw = msgspec.Raw(b"{}")


class Promise(msgspec.Struct, frozen=True):
    """One version of a contract, compiled. ``publisher``: who may be told of violations."""

    version: int
    publisher: str
    validator: Validator


_body = msgspec.json.Decoder(_Body).decode
_KEPT = 10_000


class Judge:
    """Compiles what is registered."""

    def __init__(self, registered: Registered) -> None:
        self._registered = registered
        self._compiled: dict[tuple[str, str], tuple[Sequence[str], Sequence[Promise]]] = {}

    def promises(self, registry: str, name: str) -> Sequence[Promise]:
        """The versions of the contract ``name`` in ``registry``, the newest first; the very same object until one of
        them changes. Empty where there is no contract."""
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


def judge(promises: Sequence[Promise], detail: Any) -> Sequence[Violation]:
    """How ``detail`` breaks a contract, of which there is a version at least. It keeps it if it keeps any version,
    because no event says which one it is; else the newest says what is wrong."""
    for promise in promises:
        if promise.validator.is_valid(detail):
            return ()
    return promises[0].validator.violations(detail)


def head_of(event: Event) -> Head:
    """The head of an event that nobody has decoded yet."""
    body = _body(event.body)
    return body.source, body.detail_type, orjson.loads(memoryview(body.detail))
