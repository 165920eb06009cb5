"""Operations on resource policies. They are kept and shown; in one account everybody may write to a log group here."""

from __future__ import annotations

import json
from typing import Any

from eventyard.api.events.place import given
from eventyard.api.loggroups.place import invalid, shown, unsupported
from eventyard.clock import Clock
from eventyard.loggroups import LogGroups, Policy
from eventyard.wire import Caller, Handler


class PolicyOperations:
    """Each method answers one operation."""

    def __init__(self, groups: LogGroups, clock: Clock) -> None:
        self._groups = groups
        self._clock = clock

    def operations(self) -> dict[str, Handler]:
        return {
            "DeleteResourcePolicy": self.delete,
            "DescribeResourcePolicies": self.describe,
            "PutResourcePolicy": self.put,
        }

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse(params)
        name, document = params.get("policyName"), params.get("policyDocument")
        if not name or not document:
            raise invalid("policyName and policyDocument must be given.")
        try:
            found = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise invalid("Invalid policy document: it is not JSON.") from error
        if not isinstance(found, dict) or not found.get("Statement"):
            raise invalid("Invalid policy document: it has no Statement.")
        policy = Policy(
            account=caller.account, region=caller.region, name=name, document=document, updated=self._clock.now()
        )
        await self._groups.put_policy(policy)
        return {"resourcePolicy": _described(policy)}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse(params)
        found = self._groups.policies(caller.account, caller.region)
        page, token = shown(found, lambda policy: policy.name, params, f"log policies {caller.account} {caller.region}")
        return given(resourcePolicies=[_described(policy) for policy in page], nextToken=token)

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse(params)
        if not params.get("policyName"):
            raise invalid("policyName must be given.")
        await self._groups.delete_policy(caller.account, caller.region, params["policyName"])
        return {}


def _refuse(params: dict[str, Any]) -> None:
    if params.get("resourceArn") or params.get("policyScope") == "RESOURCE" or params.get("expectedRevisionId"):
        raise unsupported("A policy of one log group (resourceArn)")


def _described(policy: Policy) -> dict[str, Any]:
    return {
        "policyName": policy.name,
        "policyDocument": policy.document,
        "lastUpdatedTime": policy.updated,
        "policyScope": "ACCOUNT",
    }
