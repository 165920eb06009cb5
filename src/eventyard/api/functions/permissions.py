"""The policy of a function: statements are added, removed and shown. It lets other accounts in: their rules and topics
where they deliver (``targets/admission.py``), and those who invoke it themselves (``address.py``)."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from eventyard.api.functions.address import arn_of
from eventyard.errors import Conflict, NotFound
from eventyard.functions import Function, Functions
from eventyard.wire import Caller, Handler


class Permissions:
    """The operations."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def operations(self) -> dict[str, Handler]:
        return {"AddPermission": self.add, "GetPolicy": self.get, "RemovePermission": self.remove}

    async def add(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn, sid = arn_of(caller, params), params["StatementId"]
        statement = json.dumps(_statement(arn, params), separators=(",", ":"))

        def change(function: Function) -> Function:
            if sid in function.statements:
                raise Conflict(
                    f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove "
                    "the existing statement.",
                    "ResourceConflictException",
                )
            return msgspec.structs.replace(function, statements={**function.statements, sid: statement})

        await self._functions.change(arn, change)
        return {"Statement": statement}

    async def remove(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        sid = params["StatementId"]

        def change(function: Function) -> Function:
            if sid not in function.statements:
                raise NotFound(f"Statement {sid} is not found in resource policy.", "ResourceNotFoundException")
            left = {key: value for key, value in function.statements.items() if key != sid}
            return msgspec.structs.replace(function, statements=left)

        await self._functions.change(arn_of(caller, params), change)
        return {}

    async def get(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        function = self._functions.get(arn_of(caller, params))
        if function.policy is None:
            raise NotFound("The resource you requested does not exist.", "ResourceNotFoundException")
        return {"Policy": function.policy, "RevisionId": function.revision}


def _statement(arn: str, params: dict[str, Any]) -> dict[str, Any]:
    who = params["Principal"]
    if who.isdigit():
        principal: Any = {"AWS": f"arn:aws:iam::{who}:root"}
    elif who.startswith("arn:"):
        principal = {"AWS": who}
    else:
        principal = "*" if who == "*" else {"Service": who}
    statement = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": principal,
        "Action": params["Action"],
        "Resource": arn,
    }
    condition: dict[str, Any] = {}
    if params.get("SourceAccount"):
        condition["StringEquals"] = {"AWS:SourceAccount": params["SourceAccount"]}
    if params.get("SourceArn"):
        condition["ArnLike"] = {"AWS:SourceArn": params["SourceArn"]}
    if params.get("PrincipalOrgID"):
        condition.setdefault("StringEquals", {})["aws:PrincipalOrgID"] = params["PrincipalOrgID"]
    return statement | ({"Condition": condition} if condition else {})
