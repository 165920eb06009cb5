"""Who else may put events on a bus: the resource policy, statement by statement or whole. It decides nothing.

Source: API reference, "PutPermission" and "RemovePermission".
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from eventyard.api.events.limits import Limits
from eventyard.api.events.place import bus_of
from eventyard.bus.directory import Directory
from eventyard.bus.resources import Bus
from eventyard.errors import InvalidRequest, LimitExceeded, NotFound
from eventyard.policy import BUS, parse_policy
from eventyard.wire import Caller, Handler

_ACTION = "events:PutEvents"
_SINGLE = ("Action", "Principal", "StatementId", "Condition")


class Permissions:
    """The operations on a bus's policy."""

    def __init__(self, directory: Directory, limits: Limits) -> None:
        self._directory = directory
        self._limits = limits

    def operations(self) -> dict[str, Handler]:
        return {"PutPermission": self.put, "RemovePermission": self.remove}

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Replace the policy by ``Policy``, or add the one statement; it replaces the one with its id."""
        policy = params.get("Policy")
        if policy is not None:
            if any(params.get(name) is not None for name in _SINGLE):
                raise InvalidRequest(
                    "Parameter Policy can't be specified together with the ones of a single statement."
                )
        else:
            missing = [name for name in ("Action", "Principal", "StatementId") if params.get(name) is None]
            if missing:
                raise InvalidRequest(f"Parameter(s) {', '.join(missing)} must be specified.")
            if params["Action"] != _ACTION:
                raise InvalidRequest(f"Parameter Action is not valid. Reason: The only action is {_ACTION}.")
            _check_condition(params.get("Condition"))

        def change(bus: Bus) -> Bus:
            text = policy if policy is not None else _with_statement(bus, params)
            if len(text) > self._limits.policy_size:
                raise LimitExceeded("The policy is longer than allowed.", "PolicyLengthExceededException")
            parse_policy(text, BUS)
            return msgspec.structs.replace(bus, policy=text)

        await self._directory.change_bus(bus_of(caller, params), change)
        return {}

    async def remove(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Remove the statement ``StatementId``, or all."""
        everything, sid = params.get("RemoveAllPermissions"), params.get("StatementId")
        if not everything and sid is None:
            raise InvalidRequest("Parameter(s) StatementId must be specified.")

        def change(bus: Bus) -> Bus:
            if everything:
                return msgspec.structs.replace(bus, policy=None)
            if bus.policy is None:
                raise NotFound("EventBus does not have a policy.")
            document = json.loads(bus.policy)
            old = _statements(document)
            document["Statement"] = [statement for statement in old if statement.get("Sid") != sid]
            if len(document["Statement"]) == len(old):
                raise NotFound("Statement with the provided id does not exist.")
            return msgspec.structs.replace(bus, policy=_text(document) if document["Statement"] else None)

        await self._directory.change_bus(bus_of(caller, params), change)
        return {}


def _check_condition(condition: dict[str, str] | None) -> None:
    """API reference, "Condition": one type and one key are supported; a whole Policy may hold others."""
    for name, only in (("Type", "StringEquals"), ("Key", "aws:PrincipalOrgID")):
        if condition and condition[name] != only:
            raise InvalidRequest(f"Parameter {name} is not valid. Reason: The only {name.lower()} is {only}.")


def _with_statement(bus: Bus, params: dict[str, Any]) -> str:
    principal = params["Principal"]
    statement: dict[str, Any] = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": params["Action"],
        "Resource": bus.arn,
    }
    if condition := params.get("Condition"):
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    document = json.loads(bus.policy) if bus.policy else {"Version": "2012-10-17"}
    others = [old for old in _statements(document) if old.get("Sid") != statement["Sid"]]
    document["Statement"] = [*others, statement]
    return _text(document)


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements; a policy may hold a single one without a list (IAM user guide, "Statement")."""
    statements = document.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
