"""Lambda's types: ``AWS::Lambda::*``."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from eventyard.contract.finding import Place
from eventyard.errors import InvalidRequest, NotFound
from eventyard.stacks.kind import Key, Kind, Properties, State, fit
from eventyard.stacks.parameters import parameters
from eventyard.stacks.site import Site
from eventyard.stacks.values import canonical
from eventyard.stacks.zipping import Zip, zip_at, zip_of

_LAMBDA = "lambda"


class _Function(Kind):
    """``Code``: as CloudFormation has it, or the path of a folder, a file or a zip, as it can be opened from where
    the command runs."""

    def known(self, site: Site) -> set[str]:
        mine = super().known(site) - {"Publish", "PublishTo"}
        return mine | {"ReservedConcurrentExecutions"}

    def complete(self, site: Site, stack: str, id: str, given: Properties, place: Place) -> dict[str, Any]:
        found = super().complete(site, stack, id, given, place)
        if "Code" in found:
            found["Code"] = _code(site, found["Code"], str(found.get("Runtime", "")))
        return found

    def normal(self, properties: Properties) -> dict[str, Any]:
        code = properties.get("Code")
        given = {**properties, "Code": {"Sha256": code.sha256}} if isinstance(code, Zip) else properties
        return super().normal(given)

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        state = super().read(site, key, asked)
        if state is None:
            return None
        found = {**state.properties, "Code": {"Sha256": state.properties["CodeSha256"]}}
        if "Layers" in found:
            found["Layers"] = [each["Arn"] for each in found["Layers"]]
        if "ReservedConcurrentExecutions" in asked:
            answer = site.call(_LAMBDA, "GetFunctionConcurrency", key)
            found["ReservedConcurrentExecutions"] = answer.get("ReservedConcurrentExecutions")
        return State(found, state.attributes)

    def create(self, site: Site, wanted: Properties) -> Key:
        code = wanted.get("Code")
        given = {**wanted, "Code": {}} if isinstance(code, Zip) else dict(wanted)
        reserved = given.pop("ReservedConcurrentExecutions", None)
        asked = parameters(site.shape(_LAMBDA, self._create), given, self._rename)
        if isinstance(code, Zip):
            asked["Code"] = {"ZipFile": code.data}
        key = {"FunctionName": str(asked["FunctionName"])}
        site.call(_LAMBDA, self._create, asked)
        if reserved is not None:
            self._reserve(site, key, reserved)
        return key

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        code = wanted.get("Code")
        if canonical(before.get("Code")) != self.normal(wanted).get("Code"):
            asked = {"ZipFile": code.data} if isinstance(code, Zip) else dict(code or {})
            site.call(_LAMBDA, "UpdateFunctionCode", {**key, **asked})
            self.settle(site, key)
        rest = ("Code", "ReservedConcurrentExecutions")
        old, new = ({k: v for k, v in each.items() if k not in rest} for each in (before, wanted))
        super().change(site, key, old, new)
        if canonical(before.get(rest[1])) != canonical(wanted.get(rest[1])):
            self._reserve(site, key, wanted.get(rest[1]))

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return super().replaces(name, before, wanted) and name != "Code"

    def _reserve(self, site: Site, key: Key, number: Any) -> None:
        if number is None:
            site.call(_LAMBDA, "DeleteFunctionConcurrency", key)
        else:
            site.call(_LAMBDA, "PutFunctionConcurrency", {**key, "ReservedConcurrentExecutions": int(number)})


class _Permission(Kind):
    """A statement of a function's policy. It is never changed, only replaced, and nothing but its id is read."""

    def known(self, site: Site) -> set[str]:
        return super().known(site) - {"StatementId", "Qualifier", "RevisionId"}

    def complete(self, site: Site, stack: str, id: str, given: Properties, place: Place) -> dict[str, Any]:
        return {**given, "StatementId": fit(f"{stack}-{id}", 100)}

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        try:
            policy = site.call(_LAMBDA, self._read, {"FunctionName": key["FunctionName"]})["Policy"]
        except NotFound:
            return None
        ids = [each.get("Sid") for each in msgspec.json.decode(policy)["Statement"]]
        return State(key, {"Ref": key["StatementId"], "Id": key["StatementId"]}) if key["StatementId"] in ids else None


class _Mapping(Kind):
    """Known by an id that the service makes up."""

    def find(self, site: Site, wanted: Properties) -> Key | None:
        function, source = wanted.get("FunctionName"), wanted.get("EventSourceArn")
        if not isinstance(function, str) or not isinstance(source, str):
            return None
        try:
            asked = {"FunctionName": function, "EventSourceArn": source}
            found = site.call(_LAMBDA, "ListEventSourceMappings", asked).get("EventSourceMappings", [])
        except NotFound:
            return None
        return next(({"UUID": each["UUID"]} for each in found), None)

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        state = super().read(site, key, asked)
        if state is None:
            return None
        on = str(state.properties.get("State")) in ("Creating", "Enabling", "Enabled", "Updating")
        function = state.properties.get("FunctionArn")
        return State({**state.properties, "Enabled": on, "FunctionName": function}, state.attributes)

    def normal(self, properties: Properties) -> dict[str, Any]:
        """A function may be named by its ARN or by its name."""
        found = super().normal(properties)
        if isinstance(name := found.get("FunctionName"), str) and name.startswith("arn:"):
            found["FunctionName"] = name.split(":function:")[-1]
        return found

    def create(self, site: Site, wanted: Properties) -> Key:
        asked = parameters(site.shape(_LAMBDA, self._create), wanted, self._rename)
        return {"UUID": str(site.call(_LAMBDA, self._create, asked)["UUID"])}

    def changed(self, site: Site, operation: str, key: Key, before: Properties, wanted: Properties) -> dict[str, Any]:
        asked = super().changed(site, operation, key, before, wanted)
        if "BatchSize" not in wanted and "BatchSize" in asked and ":sqs:" not in str(wanted.get("EventSourceArn")):
            asked["BatchSize"] = 100  # of streams (API reference, CreateEventSourceMapping)
        return asked

    def delete(self, site: Site, key: Key) -> None:
        with contextlib.suppress(NotFound):
            site.call(_LAMBDA, self._delete, key)


def _code(site: Site, given: Any, runtime: str) -> Any:
    if isinstance(given, str):
        return zip_at(Path(given))
    if isinstance(given, Mapping) and isinstance(path := given.get("Path"), str):
        # Of a reader of files that may leave some of a folder out.
        return zip_at(Path(path), tuple(given.get("Patterns", ())))
    if isinstance(given, Mapping) and isinstance(source := given.get("ZipFile"), str):
        # CloudFormation takes the text of one file, and names it index (reference, Function Code).
        return zip_of({"index.py" if runtime.startswith("python") else "index.js": source.encode()})
    if site.real:
        return given
    raise InvalidRequest("Code is the path of a folder, a file or a zip, or has the text of one file as ZipFile.")


KINDS = (
    _Function(
        "AWS::Lambda::Function",
        _LAMBDA,
        create="CreateFunction",
        read="GetFunctionConfiguration",
        change="UpdateFunctionConfiguration",
        delete="DeleteFunction",
        key=("FunctionName",),
        attributes={"Ref": "FunctionName", "Arn": "FunctionArn"},
        name="FunctionName",
        replace=("PackageType",),
        rename={"KmsKeyArn": "KMSKeyArn"},
        resets={
            "Description": "",
            "Timeout": 3,
            "MemorySize": 128,
            "Environment": {"Variables": {}},
            "DeadLetterConfig": {"TargetArn": ""},
            "Layers": [],
            "TracingConfig": {"Mode": "PassThrough"},
            "EphemeralStorage": {"Size": 512},
            "ReservedConcurrentExecutions": None,
        },
        secret=(("Environment", "Variables", "*"),),
        status="State",
    ),
    _Permission(
        "AWS::Lambda::Permission",
        _LAMBDA,
        create="AddPermission",
        read="GetPolicy",
        delete="RemovePermission",
        key=("FunctionName", "StatementId"),
        attributes={"Ref": "StatementId", "Id": "StatementId"},
        unread=(
            "Action",
            "Principal",
            "SourceArn",
            "SourceAccount",
            "EventSourceToken",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "PrincipalOrgID",
        ),
    ),
    _Mapping(
        "AWS::Lambda::EventSourceMapping",
        _LAMBDA,
        create="CreateEventSourceMapping",
        read="GetEventSourceMapping",
        change="UpdateEventSourceMapping",
        delete="DeleteEventSourceMapping",
        key=("UUID",),
        attributes={"Ref": "UUID", "Id": "UUID", "EventSourceMappingArn": "EventSourceMappingArn"},
        replace=(
            "EventSourceArn",
            "StartingPosition",
            "StartingPositionTimestamp",
            "SelfManagedEventSource",
        ),
        rename={"KmsKeyArn": "KMSKeyArn"},
        said={"Enabled": True},
        resets={
            "BatchSize": 10,
            "Enabled": True,
            "FilterCriteria": {"Filters": []},
            "MaximumBatchingWindowInSeconds": 0,
            "MaximumRecordAgeInSeconds": -1,
            "MaximumRetryAttempts": -1,
            "BisectBatchOnFunctionError": False,
            "ParallelizationFactor": 1,
            "TumblingWindowInSeconds": 0,
            "FunctionResponseTypes": [],
            "DestinationConfig": {"OnFailure": {}},
        },
        status="State",
        tagged="EventSourceMappingArn",
    ),
    Kind(
        "AWS::Lambda::EventInvokeConfig",
        _LAMBDA,
        create="PutFunctionEventInvokeConfig",
        read="GetFunctionEventInvokeConfig",
        change="PutFunctionEventInvokeConfig",
        delete="DeleteFunctionEventInvokeConfig",
        key=("FunctionName", "Qualifier"),
        attributes={"Ref": "FunctionName"},
        whole=True,
        defaults={"Qualifier": "$LATEST"},
    ),
)
