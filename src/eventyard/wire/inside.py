"""Calls of operations from inside the server: what a universal target of EventBridge Scheduler makes.

Parameters are JSON under the names of the API; what the wire carries as bytes is text here. Answers are dropped.
Source: EventBridge Scheduler user guide, "Using universal targets".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from eventyard.errors import InvalidRequest
from eventyard.wire.json import read_scalar
from eventyard.wire.operation import Caller, Door
from eventyard.wire.service import Operation, Service, load_model

#: The names that AWS's SDKs have for services, where those are not botocore's.
_SERVICES = {"eventbridge": "events", "cloudwatchevents": "events", "cloudwatchlogs": "logs"}
#: What only reads can't be called ("Unsupported actions").
_READ_ONLY = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover",
    "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList", "testMigration",
    "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel",
)  # fmt: skip


class Calls:
    """``endpoint``: the address of this server, for operations that name it. Open the doors before the first call."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._doors: Sequence[Door] = ()
        self._services: dict[str, Service] = {}

    def open(self, doors: Sequence[Door]) -> None:
        """Have what these doors answer called, too; some of them may lead to what calls."""
        self._doors = doors

    def check(self, name: str, text: str) -> None:
        """Raises InvalidRequest if ``name`` (``sqs:sendMessage``) can't be called, or not with the JSON ``text``."""
        operation = self._operation(name)
        try:
            self._read(operation, text)
        except InvalidRequest as error:  # whatever it is called there, to who asks it is one parameter that is wrong
            raise InvalidRequest(error.message) from error

    async def call(self, name: str, account: str, region: str, id: str, text: str) -> None:
        """Call ``name`` for an account in a region. Raises what the operation raises."""
        operation = self._operation(name)
        await operation.handler(Caller(account, region, id, self._endpoint), self._read(operation, text))

    def _operation(self, name: str) -> Operation:
        called, _, action = name.partition(":")
        service = self._service(_SERVICES.get(called, called if called not in _SERVICES.values() else ""))
        if service is None:
            raise InvalidRequest(f"{called} is not a supported service for a target.")
        operation = service.operations.get(action[:1].upper() + action[1:])
        if operation is None or not action[:1].islower() or action.startswith(_READ_ONLY) or operation.streams:
            raise InvalidRequest(f"{action} is not a supported API action of {called} for a target.")
        if operation.name not in service.door.operations:
            raise InvalidRequest(f"{action} of {called} is not implemented by this server.")
        return operation

    def _service(self, name: str) -> Service | None:
        found = self._services.get(name)
        if found is None:
            door = next((door for door in self._doors if door.service == name), None)
            found = None if door is None else self._services.setdefault(name, Service(door))
        return found

    def _read(self, operation: Operation, text: str) -> dict[str, Any]:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise InvalidRequest(f"Input must be well-formed JSON for a universal target: {error}.") from error
        shape = load_model(operation.service.name).operation_model(operation.name).input_shape
        params: dict[str, Any] = {} if shape is None else _params(shape, value, "")
        operation.validate(params)
        return params


def _params(shape: Any, value: Any, path: str) -> Any:
    """``value`` in botocore's Python shapes. Raises InvalidRequest for what ``shape`` does not have."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            raise _wrong(path, "must be a JSON object")
        names = {name.lower(): name for name in shape.members}
        result = {}
        for key, item in value.items():
            name = names.get(key.lower())
            if name is None:
                raise _wrong(f"{path}{key}", "is not a parameter of this API action")
            if item is not None:
                result[name] = _params(shape.members[name], item, f"{path}{name}.")
        return result
    if kind == "list":
        if not isinstance(value, list):
            raise _wrong(path, "must be a list")
        return [_params(shape.member, item, path) for item in value]
    if kind == "map":
        if not isinstance(value, dict):
            raise _wrong(path, "must be a JSON object")
        return {key: _params(shape.value, item, f"{path}{key}.") for key, item in value.items()}
    if kind == "blob" and isinstance(value, str):
        return value.encode()
    return read_scalar(kind, value)


def _wrong(path: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"Input is not valid: {path.strip('.') or 'it'} {what}.")
