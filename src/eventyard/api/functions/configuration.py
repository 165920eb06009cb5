"""Functions themselves: create, get, list, change, delete.

Sources: API reference of Lambda for the members and errors; developer guide, "Lambda quotas" and "Using Lambda
environment variables".
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.api.functions.address import arn_of
from eventyard.api.functions.checks import INVALID, check_runtime, check_timeout, dead_letter_of, environment_of
from eventyard.clock import Clock
from eventyard.errors import Forbidden, InvalidRequest, LimitExceeded, Unsupported
from eventyard.functions import LATEST, Function, Functions, function_arn
from eventyard.wire import Caller, Handler

#: What can't be had here, unless it is given as what it is without being given.
_REFUSED: Mapping[str, Any] = {
    "Layers": [],
    "FileSystemConfigs": [],
    "ImageConfig": {},
    "KMSKeyArn": "",
    "CodeSigningConfigArn": "",
    "Publish": False,
    "PublishTo": None,
    "SnapStart": {"ApplyOn": "None"},
    "TracingConfig": {"Mode": "PassThrough"},
    "PackageType": "Zip",
    "TenancyConfig": None,
    "CapacityProviderConfig": None,
    "DurableConfig": None,
    "RuntimeConfig": None,
    "AcceleratorConfig": None,
    "SourceKMSKeyArn": "",
}


class Configuration:
    """The operations on functions."""

    def __init__(self, functions: Functions, clock: Clock, allowed: bool) -> None:
        self._functions = functions
        self._clock = clock
        self._allowed = allowed

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateFunction": self.create,
            "DeleteFunction": self.delete,
            "GetFunction": self.get,
            "GetFunctionConfiguration": self.configuration,
            "ListAliases": self.aliases,
            "ListFunctions": self.list,
            "ListVersionsByFunction": self.versions,
            "UpdateFunctionCode": self.update_code,
            "UpdateFunctionConfiguration": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        self._check_allowed()
        _refuse(params)
        arn = arn_of(caller, params)
        name = arn.rpartition(":")[2]
        if not params.get("Runtime") or not params.get("Handler"):
            raise InvalidRequest("Runtime and Handler are mandatory parameters for functions created with deployment "
                                 "packages.", INVALID)  # fmt: skip
        function = Function(
            arn=function_arn(caller.account, caller.region, name),
            account=caller.account,
            region=caller.region,
            name=name,
            runtime="",
            role="",
            handler="",
            code="",
            size=0,
            modified=0,
            revision="",
            architectures=tuple(params.get("Architectures") or ("x86_64",)),
            tags=dict(params.get("Tags") or {}),
        )
        function = await self._with_code(_configured(function, params), params["Code"])
        await self._functions.create(self._touched(function))
        return described(self._functions.get(arn))

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._functions.delete(arn_of(caller, params))
        return {"StatusCode": 204}

    async def get(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        function = self._functions.get(arn_of(caller, params))
        # A zip file can't be fetched by address, so no address is given.
        place = function.url or (Path(function.path).as_uri() if function.path else None)
        return given(
            Configuration=described(function),
            Code=given(RepositoryType="S3" if function.origin == "zip" else "Eventyard", Location=place),
            Tags=dict(function.tags) or None,
            Concurrency=None if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved},
        )

    async def configuration(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return described(self._functions.get(arn_of(caller, params)))

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        functions = self._functions.find(caller.account, caller.region)
        asked = {"NextToken": params.get("Marker"), "Limit": params.get("MaxItems") or 50}
        shown, token = page(functions, lambda function: function.name, asked, f"functions {caller.account}")
        return given(Functions=[described(function) for function in shown], NextMarker=token)

    async def versions(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        function = self._functions.get(arn_of(caller, params))
        return {"Versions": [described(function) | {"FunctionArn": f"{function.arn}:{LATEST}"}]}

    async def aliases(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """There are none; tools ask before they look further."""
        self._functions.get(arn_of(caller, params))
        return {"Aliases": []}

    async def update_code(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        self._check_allowed()
        _refuse(params)
        arn = arn_of(caller, params)
        function = self._functions.get(arn)
        if function.origin != "zip":
            raise InvalidRequest(
                f"The code of {function.name} is not a zip file: it was brought by PUT /_eventyard/functions/"
                f"{function.name}, and is changed there.",
                INVALID,
            )
        changed = await self._with_code(function, params)
        if params.get("Architectures"):
            changed = msgspec.structs.replace(changed, architectures=tuple(params["Architectures"]))
        if params.get("DryRun"):
            return described(changed)

        def change(function: Function) -> Function:
            _check_revision(function, params)
            return self._touched(
                msgspec.structs.replace(
                    function, code=changed.code, size=changed.size, architectures=changed.architectures
                )
            )

        return described(await self._functions.change(arn, change))

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        self._check_allowed()
        _refuse(params)

        def change(function: Function) -> Function:
            _check_revision(function, params)
            return self._touched(_configured(function, params))

        return described(await self._functions.change(arn_of(caller, params), change))

    def _touched(self, function: Function) -> Function:
        return msgspec.structs.replace(function, modified=self._clock.now(), revision=str(uuid.uuid4()))

    async def _with_code(self, function: Function, source: Mapping[str, Any]) -> Function:
        for member in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"):
            if source.get(member):
                raise Unsupported(f"Parameter {member} is not supported by this server: send the code as ZipFile.",
                                  INVALID)  # fmt: skip
        zipped = source.get("ZipFile")
        if not zipped:
            raise InvalidRequest("Please provide a source for function code.", INVALID)
        digest = await self._functions.add_code(zipped, keep=not source.get("DryRun"))
        return msgspec.structs.replace(function, code=digest, size=len(zipped))

    def _check_allowed(self) -> None:
        if not self._allowed:
            raise Forbidden(
                "This server runs nobody's code. Start it with --functions to let users bring theirs.",
                "AccessDeniedException",
            )


def _configured(function: Function, params: Mapping[str, Any]) -> Function:
    """``function`` with what ``params`` give. Raises InvalidRequest."""
    changes: dict[str, Any] = {}
    for member, field in (
        ("Runtime", "runtime"),
        ("Role", "role"),
        ("Handler", "handler"),
        ("Description", "description"),
        ("Timeout", "timeout"),
        ("MemorySize", "memory"),
    ):
        if params.get(member) is not None:
            changes[field] = params[member]
    if params.get("EphemeralStorage") is not None:
        changes["storage"] = params["EphemeralStorage"]["Size"]
    if params.get("Environment") is not None:
        changes["environment"] = environment_of(params["Environment"].get("Variables") or {})
    if params.get("DeadLetterConfig") is not None:
        changes["dead_letter_arn"] = dead_letter_of(params["DeadLetterConfig"].get("TargetArn"))
    function = msgspec.structs.replace(function, **changes)
    check_timeout(function.timeout)
    if function.runtime:
        check_runtime(function.runtime)
    return function


def _refuse(params: Mapping[str, Any]) -> None:
    for member, usual in _REFUSED.items():
        value = params.get(member)
        if value is not None and value != usual:
            raise Unsupported(f"Parameter {member} is not supported by this server.", INVALID)
    if any((params.get("VpcConfig") or {}).get(member) for member in ("SubnetIds", "SecurityGroupIds")):
        raise Unsupported("Parameter VpcConfig is not supported by this server.", INVALID)
    if (params.get("LoggingConfig") or {}).get("LogFormat", "Text") != "Text":
        raise Unsupported("Parameter LoggingConfig is not supported by this server.", INVALID)


def _check_revision(function: Function, params: Mapping[str, Any]) -> None:
    if params.get("RevisionId") not in (None, function.revision):
        raise LimitExceeded(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id",
            "PreconditionFailedException",
        )


def described(function: Function) -> dict[str, Any]:
    """A function as Lambda describes it."""
    modified = datetime.fromtimestamp(function.modified / 1000, UTC)
    return given(
        FunctionName=function.name,
        FunctionArn=function.arn,
        Runtime=function.runtime or None,
        Role=function.role,
        Handler=function.handler or None,
        CodeSize=function.size,
        Description=function.description,
        Timeout=function.timeout,
        MemorySize=function.memory,
        LastModified=f"{modified:%Y-%m-%dT%H:%M:%S}.{function.modified % 1000:03}+0000",
        CodeSha256=base64.b64encode(bytes.fromhex(function.code)).decode(),
        Version=LATEST,
        Environment={"Variables": dict(function.environment)} if function.environment else None,
        DeadLetterConfig={"TargetArn": function.dead_letter_arn} if function.dead_letter_arn else None,
        TracingConfig={"Mode": "PassThrough"},
        RevisionId=function.revision,
        State="Active",
        LastUpdateStatus="Successful",
        PackageType="Zip" if function.url is None else "Image",
        Architectures=list(function.architectures),
        EphemeralStorage={"Size": function.storage},
        SnapStart={"ApplyOn": "None", "OptimizationStatus": "Off"},
        LoggingConfig={"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
    )
