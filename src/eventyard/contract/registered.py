"""Contracts out of a schema registry: what a schema's content says of one event, whoever put it there.

A contract that was pushed has its document and atoms in the content; of other schemas, in Draft 4 or OpenAPI 3, the
content itself is the contract of the event that the schema is called after (``source@DetailType``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson

from eventyard.contract.contract import Contract
from eventyard.contract.dialects import ENVELOPE, from_openapi
from eventyard.contract.repository import from_files
from eventyard.contract.validator import Validator
from eventyard.errors import InvalidRequest

#: Members of a registered schema that hold the document it was made from, and its atoms by URL.
DOCUMENT, ATOMS = "x-eventyard-document", "x-eventyard-atoms"


class Registered(msgspec.Struct, frozen=True):
    """``document``: the text that the contract was made from; None for a schema that was put there as such, which then
    says nothing of versions: the newest has replaced the others. ``atoms``: all that came along."""

    contract: Contract
    atoms: Mapping[str, Any]
    document: str | None = None

    @property
    def validator(self) -> Validator:
        """The check of details. Raises InvalidRequest for a schema that is none."""
        return Validator(self.contract.schema, self.atoms, self.contract.pii)


def read_registered(content: str, name: str) -> Registered:
    """The contract in the ``content`` of the schema ``name``. Raises InvalidRequest for what is none."""
    try:
        schema = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest("It is not JSON.") from error
    if not isinstance(schema, Mapping):
        raise InvalidRequest("It is no schema.")
    document, atoms = schema.get(DOCUMENT), schema.get(ATOMS)
    if isinstance(document, str):
        return _from_document(document, atoms if isinstance(atoms, Mapping) else {})
    source, _, type = name.rpartition("@")
    detail = _detail_of(schema) if "openapi" in schema else schema
    whole = {"$schema": "http://json-schema.org/draft-04/schema#", **detail}
    return Registered(Contract(type, source, whole, source), {})


def newest_by_version(contents: Sequence[str], name: str) -> dict[int, Registered]:
    """The contracts in the versions of a schema (``contents``, the newest first), by their own versions. Those that
    can't be read are left out."""
    found: dict[int, Registered] = {}
    for content in contents:
        try:
            registered = read_registered(content, name)
        except InvalidRequest:
            continue
        found.setdefault(registered.contract.version, registered)
        if registered.document is None:
            break
    return found


def _from_document(document: str, atoms: Mapping[str, Any]) -> Registered:
    files = {f"{number}.json": orjson.dumps(atom).decode() for number, atom in enumerate(atoms.values())}
    repository = from_files({"document.md": document, **files})
    if not repository.contracts:
        raise InvalidRequest("; ".join(str(one) for each in repository.documents for one in each.findings))
    (contract,) = repository.contracts
    return Registered(contract, repository.atoms, document)


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
