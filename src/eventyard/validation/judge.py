"""Which contracts an event has, and how it breaks them: compiled once, looked at again when the registry changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import orjson
import structlog

from eventyard.contract import Contract, Validator, Violation, from_files
from eventyard.contract.dialects import ENVELOPE, from_openapi
from eventyard.errors import InvalidRequest
from eventyard.event import Event

log = structlog.get_logger("validation")

Registered = Callable[[str, str], Sequence[str]]
"""``registered(registry, name)``: the contents of all versions of a schema, the newest first; the very same object
until one of them changes. Empty if there is none."""

#: Members of a registered schema that hold the document it was made from, and its atoms by URL.
DOCUMENT, ATOMS = "x-eventyard-document", "x-eventyard-atoms"


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
                contract, validator = _compile(content)
            except InvalidRequest as error:
                # Registered by somebody who knows what else reads it; events must not stop for it.
                log.warning("a contract can't be checked", registry=registry, name=name, reason=error.message)
                continue
            if contract is None:
                if at == 0:
                    promises[1] = Promise(1, name.partition("@")[0], validator)
                break  # without documents, older versions are what the newest has replaced
            promises.setdefault(contract.version, Promise(contract.version, contract.publisher, validator))
        found = [promises[version] for version in sorted(promises, reverse=True)]
        if len(self._compiled) >= _KEPT:
            self._compiled.clear()
        self._compiled[registry, name] = contents, found
        return found


def head_of(event: Event) -> Head:
    return _head(event.body)


def _compile(content: str) -> tuple[Contract | None, Validator]:
    """The document that a registered schema was made from, if it was, and its check."""
    schema: Any = None
    with contextlib.suppress(orjson.JSONDecodeError):
        schema = orjson.loads(content)
    if not isinstance(schema, Mapping):
        raise InvalidRequest("It is not JSON.")
    document, atoms = schema.get(DOCUMENT), schema.get(ATOMS)
    if isinstance(document, str):
        files = {f"{number}.json": orjson.dumps(atom).decode() for number, atom in enumerate((atoms or {}).values())}
        repository = from_files({"document.md": document, **files})
        if repository.contracts:
            (contract,) = repository.contracts
            return contract, repository.validator(contract)
        raise InvalidRequest("; ".join(str(one) for each in repository.documents for one in each.findings))
    if "openapi" in schema:
        return None, Validator(_detail_of(schema))
    return None, Validator({"$schema": "http://json-schema.org/draft-04/schema#", **schema})


def _detail_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the detail in a document of OpenAPI, as EventBridge's discovery writes them: the component that
    ``AWSEvent`` refers to; the only one where there is no such."""
    schemas = (document.get("components") or {}).get("schemas") or {}
    envelope = schemas.get(ENVELOPE)
    component = next(iter(schemas)) if len(schemas) == 1 and envelope is None else ""
    if isinstance(envelope, Mapping):
        detail = (envelope.get("properties") or {}).get("detail", {})
        component = str(detail.get("$ref", "")).removeprefix("#/components/schemas/")
    try:
        return from_openapi(document, component).schema
    except KeyError as error:
        raise InvalidRequest("It does not say which of its schemas is the event's.") from error
