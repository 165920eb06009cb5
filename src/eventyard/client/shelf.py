"""What was read from a registry: names, contents, and the contracts in them; and the file that keeps it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from eventyard.client.contracts import Checked, checked
from eventyard.contract import Contract, Validator, from_snapshot
from eventyard.contract.dialects import ENVELOPE, from_openapi
from eventyard.errors import InvalidRequest, Unsupported


class Schema(msgspec.Struct, frozen=True):
    """A version of a schema as the registry has it. ``asked``: the version asked for, None for the newest. ``kind``:
    the registry's type of it."""

    name: str
    asked: str | None
    version: str
    kind: str
    content: str

    def checked(self, type: str, registry: str) -> Checked:
        """The contract in it, of the event ``type``. Raises InvalidRequest for a content that is none, and Unsupported
        for a kind that can't be checked."""
        where = f"{self.name} in registry {registry}"
        try:
            content = msgspec.json.decode(self.content)
        except msgspec.DecodeError as error:
            raise InvalidRequest(f"{where} is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise InvalidRequest(f"{where} is no schema.")
        if isinstance(document := content.get("x-eventyard-document"), str):
            return _from_document(document, content.get("x-eventyard-atoms", {}), where)
        if self.kind not in ("JSONSchemaDraft4", "OpenApi3"):
            raise Unsupported(f"{where} is {self.kind}; JSONSchemaDraft4 and OpenApi3 can be checked.")
        if self.kind == "OpenApi3":
            content = _from_openapi(content, where)
        source = self.name.partition("@")[0]
        schema = {"$schema": "http://json-schema.org/draft-04/schema#", **_of_detail(content)}
        contract = Contract(type, source, schema, source, version=int(self.version), path=where)
        return checked(contract, Validator(schema))


class Shelf(msgspec.Struct):
    """``at``: when the names were read, milliseconds since the epoch. ``names``: of all schemas, with what changes when
    they do. ``schemas``: those that were needed, by name, blank, and version asked for."""

    registry: str
    at: int
    names: dict[str, str]
    schemas: dict[str, Schema]


def read_shelf(path: Path, registry: str) -> Shelf | None:
    """The shelf in the file; None if there is none of this registry, or none that can be read."""
    try:
        shelf = msgspec.json.decode(path.read_bytes(), type=Shelf)
    except (OSError, msgspec.DecodeError):
        return None
    return shelf if shelf.registry == registry else None


def write_shelf(path: Path, shelf: Shelf) -> None:
    """Whole or not at all, also if several processes do it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_bytes(msgspec.json.encode(shelf))
    fresh.replace(path)


def _from_document(document: str, atoms: Any, where: str) -> Checked:
    repository = from_snapshot(msgspec.json.encode({"documents": {where: document}, "atoms": atoms}))
    if not repository.contracts:
        findings = "; ".join(str(each) for each in repository.documents[0].findings)
        raise InvalidRequest(f"The document of {where} has errors: {findings}")
    (contract,) = repository.contracts
    return checked(contract, repository.validator(contract))


def _from_openapi(content: dict[str, Any], where: str) -> dict[str, Any]:
    """In Draft 4, the component of the whole event, as discovered schemas have it, or the first."""
    try:
        components = content["components"]["schemas"]
        return from_openapi(content, ENVELOPE if ENVELOPE in components else next(iter(components))).schema
    except (KeyError, TypeError, StopIteration) as error:
        raise InvalidRequest(f"{where} has no component that is a schema.") from error


def _of_detail(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of the detail: in registries, schemas may be of the whole event, as discovered ones are."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not {"detail", "detail-type"} <= properties.keys():
        return schema
    return {"allOf": [properties["detail"]], "definitions": schema.get("definitions", {})}
