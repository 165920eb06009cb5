"""The types of the schema registry: ``AWS::EventSchemas::*``."""

from __future__ import annotations

from typing import Any

from eventyard.stacks.kind import Key, Kind, Properties, need
from eventyard.stacks.parameters import text
from eventyard.stacks.site import Site

_SERVICE = "schemas"


class _Discoverer(Kind):
    """Known by an id that the service makes up; a bus has one discoverer."""

    def find(self, site: Site, wanted: Properties) -> Key | None:
        if not isinstance(bus := wanted.get("SourceArn"), str):
            return None
        answer = site.call(_SERVICE, "ListDiscoverers", {"SourceArnPrefix": bus})
        found = (each for each in answer.get("Discoverers", []) if each["SourceArn"] == bus)
        return next(({"DiscovererId": each["DiscovererId"]} for each in found), None)


class _RegistryPolicy(Kind):
    """``RevisionId`` guards single writers against each other; a stack is guarded by its record."""

    def known(self, site: Site) -> set[str]:
        return {"RegistryName", "Policy", "RevisionId"}

    def create(self, site: Site, wanted: Properties) -> Key:
        name = str(need(wanted, "RegistryName", self.type))
        policy = text(need(wanted, "Policy", self.type))
        site.call(_SERVICE, self._create, {"RegistryName": name, "Policy": policy})
        return {"RegistryName": name}

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        self.create(site, wanted)

    def normal(self, properties: Properties) -> dict[str, Any]:
        return super().normal({name: value for name, value in properties.items() if name != "RevisionId"})


KINDS = (
    Kind(
        "AWS::EventSchemas::Registry",
        _SERVICE,
        create="CreateRegistry",
        read="DescribeRegistry",
        change="UpdateRegistry",
        delete="DeleteRegistry",
        key=("RegistryName",),
        attributes={"Ref": "RegistryArn", "RegistryArn": "RegistryArn", "RegistryName": "RegistryName"},
        name="RegistryName",
        resets={"Description": ""},
        tagged="RegistryArn",
    ),
    Kind(
        "AWS::EventSchemas::Schema",
        _SERVICE,
        create="CreateSchema",
        read="DescribeSchema",
        change="UpdateSchema",
        delete="DeleteSchema",
        key=("RegistryName", "SchemaName"),
        attributes={
            "Ref": "SchemaArn",
            "SchemaArn": "SchemaArn",
            "SchemaName": "SchemaName",
            "SchemaVersion": "SchemaVersion",
        },
        name="SchemaName",
        replace=("Type",),
        resets={"Description": ""},
        tagged="SchemaArn",
    ),
    _Discoverer(
        "AWS::EventSchemas::Discoverer",
        _SERVICE,
        create="CreateDiscoverer",
        read="DescribeDiscoverer",
        change="UpdateDiscoverer",
        delete="DeleteDiscoverer",
        key=("DiscovererId",),
        attributes={"Ref": "DiscovererArn", "DiscovererArn": "DiscovererArn", "DiscovererId": "DiscovererId"},
        replace=("SourceArn",),
        resets={"Description": "", "CrossAccount": True},
        tagged="DiscovererArn",
    ),
    _RegistryPolicy(
        "AWS::EventSchemas::RegistryPolicy",
        _SERVICE,
        create="PutResourcePolicy",
        read="GetResourcePolicy",
        change="PutResourcePolicy",
        delete="DeleteResourcePolicy",
        key=("RegistryName",),
        attributes={"Ref": "RegistryName", "Id": "RegistryName"},
    ),
)
