"""Invoking: at once, later, or only to see whether it could be.

Sources: API reference of Lambda, "Invoke"; developer guide, "Lambda quotas".
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import orjson

from eventyard.api.functions.address import arn_of
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, NotFound, Unsupported
from eventyard.event import new_ids
from eventyard.functions import LATEST, MOST_SYNC, Functions, Invocation
from eventyard.wire import Caller, Handler


class Invoke:
    """The operation."""

    def __init__(self, functions: Functions, clock: Clock) -> None:
        self._functions = functions
        self._clock = clock

    def operations(self) -> dict[str, Handler]:
        return {"Invoke": self.invoke, "InvokeAsync": self.invoke_async}

    async def invoke(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        for member in ("DurableExecutionName", "TenantId"):
            if params.get(member):
                raise Unsupported(
                    f"Parameter {member} is not supported by this server.", "InvalidParameterValueException"
                )
        arn, payload = arn_of(caller, params, policy=self._policy), params.get("Payload") or b"{}"
        function = self._functions.get(arn)
        if len(payload) > MOST_SYNC:
            raise InvalidRequest(
                f"Request must be smaller than {MOST_SYNC} bytes for the InvokeFunction operation",
                "RequestTooLargeException",
            )
        try:
            orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise InvalidRequest(
                f"Could not parse request body into json: {error}", "InvalidRequestContentException"
            ) from error
        kind = params.get("InvocationType") or "RequestResponse"
        if kind == "DryRun":
            return {"StatusCode": 204}
        invocation = Invocation(
            new_ids(1, self._clock.now())[0], payload, None, _client_context(params.get("ClientContext"))
        )
        if kind == "Event":
            await self._functions.accept(function.arn, [invocation])
            return {"StatusCode": 202}
        outcome = await self._functions.invoke(function.arn, invocation)
        answer: dict[str, Any] = {"StatusCode": 200, "Payload": outcome.payload, "ExecutedVersion": LATEST}
        if outcome.error is not None:
            answer["FunctionError"] = outcome.error
        if params.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode(outcome.log).decode()
        return answer

    async def invoke_async(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """The old way to invoke later, from before ``Invoke`` could."""
        asked = {"FunctionName": params["FunctionName"], "InvocationType": "Event", "Payload": params.get("InvokeArgs")}
        await self.invoke(caller, asked)
        return {"Status": 202}

    def _policy(self, arn: str) -> str | None:
        try:
            return self._functions.get(arn).policy
        except NotFound:
            return None


def _client_context(text: str | None) -> msgspec.Raw | None:
    if not text:
        return None
    try:
        decoded = base64.b64decode(text, validate=True)
        orjson.loads(decoded)
    except ValueError as error:
        raise InvalidRequest("Client context must be a valid Base64-encoded JSON object.",
                             "InvalidRequestContentException") from error  # fmt: skip
    return msgspec.Raw(decoded)
