"""``AWS::Logs::LogGroup``."""

from __future__ import annotations

from typing import Any

from eventyard.errors import NotFound
from eventyard.stacks.kind import Key, Kind, Properties
from eventyard.stacks.parameters import parameters
from eventyard.stacks.site import Site
from eventyard.stacks.values import canonical

_LOGS = "logs"


class _Group(Kind):
    """How long a group keeps what it has is said by operations of its own."""

    def known(self, site: Site) -> set[str]:
        return {"LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass", "Tags"}

    def describe(self, site: Site, key: Key) -> dict[str, Any]:
        name = key["logGroupName"]
        groups = site.call(_LOGS, self._read, {"logGroupNamePrefix": name}).get("logGroups", [])
        found = next((each for each in groups if each["logGroupName"] == name), None)
        if found is None:
            raise NotFound(f"There is no log group {name}.")
        return {"logGroupArn": str(found["arn"]).removesuffix(":*"), **found}

    def create(self, site: Site, wanted: Properties) -> Key:
        asked = parameters(site.shape(_LOGS, self._create), wanted, self._rename)
        site.call(_LOGS, self._create, asked)
        key = {"logGroupName": str(asked["logGroupName"])}
        self._retain(site, key, {}, wanted)
        return key

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        self._retain(site, key, before, wanted)
        if canonical(before.get("KmsKeyId")) != canonical(wanted.get("KmsKeyId")):
            if wanted.get("KmsKeyId"):
                site.call(_LOGS, "AssociateKmsKey", {**key, "kmsKeyId": str(wanted["KmsKeyId"])})
            else:
                site.call(_LOGS, "DisassociateKmsKey", key)
        self.tag(site, key, before, wanted)

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name in ("LogGroupName", "LogGroupClass")

    def _retain(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        days = wanted.get("RetentionInDays")
        if canonical(before.get("RetentionInDays")) == canonical(days):
            return
        if days is None:
            site.call(_LOGS, "DeleteRetentionPolicy", key)
        else:
            site.call(_LOGS, "PutRetentionPolicy", {**key, "retentionInDays": int(days)})


KINDS = (
    _Group(
        "AWS::Logs::LogGroup",
        _LOGS,
        create="CreateLogGroup",
        read="DescribeLogGroups",
        change="PutRetentionPolicy",
        delete="DeleteLogGroup",
        key=("logGroupName",),
        attributes={"Ref": "logGroupName", "Arn": "arn"},
        name="LogGroupName",
        longest=512,
        rename={
            "LogGroupName": "logGroupName",
            "RetentionInDays": "retentionInDays",
            "KmsKeyId": "kmsKeyId",
            "LogGroupClass": "logGroupClass",
            "Tags": "tags",
        },
        tagged="logGroupArn",
    ),
)
