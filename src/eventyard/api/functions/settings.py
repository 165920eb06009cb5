"""What is set beside a function's configuration: concurrency and asynchronous invocation."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.api.functions.address import arn_of
from eventyard.api.functions.checks import destination_of
from eventyard.errors import NotFound
from eventyard.functions import LATEST, Function, Functions
from eventyard.names import Arn
from eventyard.wire import Caller, Handler


class Settings:
    """The operations."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def operations(self) -> dict[str, Handler]:
        return {
            "DeleteFunctionConcurrency": self.delete_concurrency,
            "DeleteFunctionEventInvokeConfig": self.delete_invoke_config,
            "GetFunctionConcurrency": self.concurrency,
            "GetFunctionEventInvokeConfig": self.invoke_config,
            "ListFunctionEventInvokeConfigs": self.invoke_configs,
            "PutFunctionConcurrency": self.put_concurrency,
            "PutFunctionEventInvokeConfig": self.put_invoke_config,
            "UpdateFunctionEventInvokeConfig": self.update_invoke_config,
        }

    async def put_concurrency(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        most = params["ReservedConcurrentExecutions"]
        await self._change(caller, params, reserved=most)
        return {"ReservedConcurrentExecutions": most}

    async def concurrency(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        reserved = self._functions.get(arn_of(caller, params)).reserved
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    async def delete_concurrency(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._change(caller, params, reserved=None)
        return {}

    async def put_invoke_config(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Members that are left out get their defaults again."""
        usual = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 21_600, "DestinationConfig": {}}
        return await self._set(caller, usual | {name: value for name, value in params.items() if value is not None})

    async def update_invoke_config(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._set(caller, params)

    async def invoke_config(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        function = self._functions.get(arn_of(caller, params))
        if not _is_set(function):
            raise NotFound(
                f"The function {function.arn} doesn't have an EventInvokeConfig", "ResourceNotFoundException"
            )
        return _invoke_config(function)

    async def invoke_configs(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """There is one at most, because there are no versions and no aliases."""
        function = self._functions.get(arn_of(caller, params))
        asked = {"NextToken": params.get("Marker"), "Limit": params.get("MaxItems")}
        found = [_invoke_config(function)] if _is_set(function) else []
        shown, token = page(found, lambda one: str(one["FunctionArn"]), asked, f"invoke configs {function.arn}")
        return given(FunctionEventInvokeConfigs=list(shown), NextMarker=token)

    async def delete_invoke_config(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._change(caller, params, retries=2, max_age=21_600, on_success=None, on_failure=None)
        return {}

    async def _set(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if params.get("DestinationConfig") is not None:
            home = Arn.parse(arn_of(caller, params))
            for member, field in (("OnSuccess", "on_success"), ("OnFailure", "on_failure")):
                wanted = params["DestinationConfig"].get(member) or {}
                changes[field] = destination_of(wanted.get("Destination"), home)
        if params.get("MaximumRetryAttempts") is not None:
            changes["retries"] = params["MaximumRetryAttempts"]
        if params.get("MaximumEventAgeInSeconds") is not None:
            changes["max_age"] = params["MaximumEventAgeInSeconds"]
        return _invoke_config(await self._change(caller, params, **changes))

    async def _change(self, caller: Caller, params: dict[str, Any], **changes: Any) -> Function:
        return await self._functions.change(
            arn_of(caller, params), lambda function: msgspec.structs.replace(function, **changes)
        )


def _invoke_config(function: Function) -> dict[str, Any]:
    return {
        "FunctionArn": f"{function.arn}:{LATEST}",
        "LastModified": function.modified / 1000,
        "MaximumRetryAttempts": function.retries,
        "MaximumEventAgeInSeconds": function.max_age,
        "DestinationConfig": {
            "OnSuccess": given(Destination=function.on_success),
            "OnFailure": given(Destination=function.on_failure),
        },
    }


def _is_set(function: Function) -> bool:
    return (function.retries, function.max_age, function.on_success, function.on_failure) != (2, 21_600, None, None)
