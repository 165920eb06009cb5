"""A registry of the EventBridge Schemas API, as the commands see it: contents of schemas, and changes of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from botocore.exceptions import ClientError

from eventyard.contracts.registering import Step, read_content

_TYPE = "JSONSchemaDraft4"


class Schemas:
    """``client``: of the Schemas API, of a server or of AWS."""

    def __init__(self, client: Any, registry: str) -> None:
        self._client = client
        self._registry = registry

    def exists(self) -> bool:
        try:
            self._client.describe_registry(RegistryName=self._registry)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NotFoundException":
                return False
            raise
        return True

    def create(self) -> None:
        self._client.create_registry(RegistryName=self._registry, Description="Contracts of events")

    def contents(self, versions: Collection[str] | None = None) -> dict[str, list[str]]:
        """The contents of all schemas, the newest version of each first: of the schemas named in ``versions`` (None:
        of all) every version, of the others the newest."""
        found: dict[str, list[str]] = {}
        pages = self._client.get_paginator("list_schemas").paginate(RegistryName=self._registry)
        for schema in pages.search("Schemas[]"):
            name = schema["SchemaName"]
            found[name] = [self._content(name, None)]
            if versions is None or name in versions:
                # Those that were not put there as contracts have nothing to look for in older ones.
                found[name] += self._older(name) if read_content(found[name][0]) else []
        return found

    def apply(self, step: Step) -> None:
        """Do what ``step`` says."""
        where = {"RegistryName": self._registry, "SchemaName": step.name}
        what = {"Content": step.content, "Type": _TYPE, "Description": step.description}
        if step.action == "create":
            self._client.create_schema(**where, **what)
        elif step.action == "add-version":
            self._client.update_schema(**where, **what)
        elif step.action == "delete":
            self._client.delete_schema(**where)

    def _older(self, name: str) -> list[str]:
        pages = self._client.get_paginator("list_schema_versions").paginate(
            RegistryName=self._registry, SchemaName=name
        )
        versions = [each["SchemaVersion"] for each in pages.search("SchemaVersions[]")]
        return [self._content(name, version) for version in sorted(versions, key=int, reverse=True)[1:]]

    def _content(self, name: str, version: str | None) -> str:
        asked = {} if version is None else {"SchemaVersion": version}
        found: str = self._client.describe_schema(RegistryName=self._registry, SchemaName=name, **asked)["Content"]
        return found
