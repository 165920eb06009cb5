"""Operations on log groups: create, describe, delete, and how long they keep events."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.api.events.place import given
from eventyard.api.loggroups.place import identified, invalid, named, of_identifier, shown, unsupported
from eventyard.clock import Clock
from eventyard.loggroups import RETENTIONS, Group, LogGroups, group_arn
from eventyard.wire import Caller, Handler


class GroupOperations:
    """Each method answers one operation."""

    def __init__(self, groups: LogGroups, clock: Clock) -> None:
        self._groups = groups
        self._clock = clock

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateLogGroup": self.create,
            "DeleteLogGroup": self.delete,
            "DeleteRetentionPolicy": self.delete_retention,
            "DescribeLogGroups": self.describe,
            "PutLogGroupDeletionProtection": self.protect,
            "PutRetentionPolicy": self.put_retention,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("kmsKeyId"):
            raise unsupported("Parameter kmsKeyId")
        if params.get("logGroupClass") not in (None, "STANDARD"):
            raise unsupported(f"The log group class {params['logGroupClass']}")
        if params["logGroupName"].startswith("aws/"):
            raise invalid("Log groups starting with aws/ are reserved for AWS.")
        await self._groups.create(
            Group(
                arn=named(caller, params),
                name=params["logGroupName"],
                created=self._clock.now(),
                tags=dict(params.get("tags") or {}),
                locked=bool(params.get("deletionProtectionEnabled")),
            )
        )
        return {}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._groups.delete(named(caller, params))
        return {}

    async def protect(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        locked = bool(params["deletionProtectionEnabled"])
        arn = identified(caller, params)
        await self._groups.change(arn, lambda group: msgspec.structs.replace(group, locked=locked))
        return {}

    async def put_retention(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        days = params["retentionInDays"]
        if days not in RETENTIONS:
            raise invalid(f"retentionInDays must be one of {', '.join(map(str, RETENTIONS))}.")
        await self._groups.change(named(caller, params), lambda group: msgspec.structs.replace(group, retention=days))
        return {}

    async def delete_retention(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._groups.change(named(caller, params), lambda group: msgspec.structs.replace(group, retention=None))
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("includeLinkedAccounts") or params.get("accountIdentifiers"):
            raise unsupported("Looking into linked accounts")
        prefix, pattern = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
        if prefix is not None and pattern is not None:
            raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        found = self._groups.groups(group_arn(caller.account, caller.region, prefix or ""))
        if pattern is not None:
            found = [group for group in found if pattern in group.name]
        if params.get("logGroupIdentifiers"):
            wanted = {of_identifier(caller, text) for text in params["logGroupIdentifiers"]}
            found = [group for group in found if group.arn in wanted]
        if params.get("logGroupClass") not in (None, "STANDARD"):
            found = []
        listing = f"log groups {caller.account} {caller.region}"
        page, token = shown(found, lambda group: group.name, params, listing)
        return given(logGroups=[await self._described(group, pattern is not None) for group in page], nextToken=token)

    async def _described(self, group: Group, briefly: bool) -> dict[str, Any]:
        known = {"logGroupName": group.name, "creationTime": group.created, "arn": f"{group.arn}:*"}
        if briefly:
            return known
        return known | given(
            logGroupArn=group.arn,
            retentionInDays=group.retention,
            metricFilterCount=0,
            storedBytes=await self._groups.size(group),
            logGroupClass="STANDARD",
            deletionProtectionEnabled=group.locked,
        )
