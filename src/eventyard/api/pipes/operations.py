"""The operations on pipes. Source: API reference of EventBridge Pipes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.api.pipes.checks import check, shown_source
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, NotFound, Unsupported
from eventyard.names import Arn
from eventyard.pipes import RUNNING, STOPPED, Pipe, Pipes, pipe_arn
from eventyard.wire import Caller, Handler

_MOST_TAGS = 50


class Operations:
    """All ten."""

    def __init__(
        self, pipes: Pipes, clock: Clock, supported: Callable[[str], bool], elsewhere: Callable[[str, str], bool]
    ) -> None:
        self._pipes = pipes
        self._clock = clock
        self._supported = supported
        self._elsewhere = elsewhere

    def operations(self) -> dict[str, Handler]:
        return {
            "CreatePipe": self.create,
            "DeletePipe": self.delete,
            "DescribePipe": self.describe,
            "ListPipes": self.list,
            "ListTagsForResource": self.tags,
            "StartPipe": self.start,
            "StopPipe": self.stop,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "UpdatePipe": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse(params)
        now = self._clock.now()
        pipe = Pipe(
            arn=pipe_arn(caller.account, caller.region, params["Name"]),
            account=caller.account,
            region=caller.region,
            name=params["Name"],
            source=params["Source"],
            target=params["Target"],
            role=params["RoleArn"],
            desired=params.get("DesiredState") or RUNNING,
            created=now,
            modified=now,
            born=uuid.uuid4().hex,
            description=params.get("Description") or "",
            enrichment=params.get("Enrichment") or None,
            source_parameters=_plain(params.get("SourceParameters")),
            enrichment_parameters=_plain(params.get("EnrichmentParameters")),
            target_parameters=_plain(params.get("TargetParameters")),
            tags=dict(params.get("Tags") or {}),
        )
        check(pipe, self._supported, self._elsewhere)
        await self._pipes.create(pipe)
        return _state(pipe, "CREATING")

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse(params)

        def edit(pipe: Pipe) -> Pipe:
            changes: dict[str, Any] = {"role": params["RoleArn"], "modified": self._clock.now()}
            for member, field in (("Description", "description"), ("DesiredState", "desired"), ("Target", "target")):
                if params.get(member) is not None:
                    changes[field] = params[member]
            if params.get("Enrichment") is not None:
                changes["enrichment"] = params["Enrichment"] or None
            if params.get("SourceParameters") is not None:
                changes["source_parameters"] = _merged(pipe.source_parameters, _plain(params["SourceParameters"]))
            for member, field in (
                ("EnrichmentParameters", "enrichment_parameters"),
                ("TargetParameters", "target_parameters"),
            ):
                if params.get(member) is not None:
                    changes[field] = _plain(params[member])
            changed = msgspec.structs.replace(pipe, **changes)
            check(changed, self._supported, self._elsewhere)
            return changed

        return _state(await self._pipes.change(_arn(caller, params), edit), "UPDATING")

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _state(await self._pipes.delete(_arn(caller, params)), "DELETING")

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        pipe = self._pipes.get(_arn(caller, params))
        return given(
            **_state(pipe, pipe.current),
            Description=pipe.description or None,
            StateReason=self._pipes.reason(pipe.arn),
            Source=pipe.source,
            SourceParameters=shown_source(pipe),
            Enrichment=pipe.enrichment,
            EnrichmentParameters=pipe.enrichment_parameters or None,
            Target=pipe.target,
            TargetParameters=pipe.target_parameters or None,
            RoleArn=pipe.role,
            Tags=dict(pipe.tags) or None,
        )

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = [pipe for pipe in self._pipes.find(caller.account, caller.region) if _asked_for(pipe, params)]
        shown, token = page(found, lambda pipe: pipe.name, params, f"pipes {caller.account} {caller.region}")
        return given(Pipes=[self._listed(pipe) for pipe in shown], NextToken=token)

    async def start(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _state(await self._pipes.set_desired(_arn(caller, params), RUNNING), "STARTING")

    async def stop(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _state(await self._pipes.set_desired(_arn(caller, params), STOPPED), "STOPPING")

    async def tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {"tags": dict(self._tagged(caller, params).tags)}

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        def edit(now: Mapping[str, str]) -> Mapping[str, str]:
            tags = {**now, **params["tags"]}
            if len(tags) > _MOST_TAGS:
                raise InvalidRequest(f"A pipe can't have more than {_MOST_TAGS} tags.", "ValidationException")
            return tags

        await self._pipes.tag(self._tagged(caller, params).arn, edit)
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        gone = frozenset(params["tagKeys"])
        await self._pipes.tag(
            self._tagged(caller, params).arn, lambda now: {key: now[key] for key in now if key not in gone}
        )
        return {}

    def _tagged(self, caller: Caller, params: Mapping[str, Any]) -> Pipe:
        arn = Arn.parse(params["resourceArn"])
        if arn is None or arn.account != caller.account or arn.service != "pipes":
            raise NotFound(f"Resource {params['resourceArn']} does not exist.", "NotFoundException")
        return self._pipes.get(params["resourceArn"])

    def _listed(self, pipe: Pipe) -> dict[str, Any]:
        return given(
            **_state(pipe, pipe.current),
            StateReason=self._pipes.reason(pipe.arn),
            Source=pipe.source,
            Target=pipe.target,
            Enrichment=pipe.enrichment,
        )


def _asked_for(pipe: Pipe, params: Mapping[str, Any]) -> bool:
    return (
        pipe.name.startswith(params.get("NamePrefix") or "")
        and pipe.source.startswith(params.get("SourcePrefix") or "")
        and pipe.target.startswith(params.get("TargetPrefix") or "")
        and params.get("DesiredState") in (None, pipe.desired)
        and params.get("CurrentState") in (None, pipe.current)
    )


def _arn(caller: Caller, params: Mapping[str, Any]) -> str:
    return pipe_arn(caller.account, caller.region, params["Name"])


def _state(pipe: Pipe, now: str) -> dict[str, Any]:
    return {
        "Arn": pipe.arn,
        "Name": pipe.name,
        "DesiredState": "DELETED" if now == "DELETING" else pipe.desired,
        "CurrentState": now,
        "CreationTime": pipe.created / 1000,
        "LastModifiedTime": pipe.modified / 1000,
    }


def _refuse(params: Mapping[str, Any]) -> None:
    logs = params.get("LogConfiguration") or {}
    if any(value is not None and (name, value) != ("Level", "OFF") for name, value in logs.items()):
        raise Unsupported(
            "Logging (LogConfiguration with a Level other than OFF) is not supported by this server: what fails is in "
            "its own log.",
            "ValidationException",
        )
    if params.get("KmsKeyIdentifier"):
        raise Unsupported("Parameter KmsKeyIdentifier is not supported by this server.", "ValidationException")


def _plain(value: Any) -> Any:
    """The parameters without what was not given, and times as epoch seconds."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.timestamp() if isinstance(value, datetime) else value if value is not None else {}


def _merged(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """A source's parameters are changed member by member: where it began to read, for one, can't be given again."""
    return {**before, **{
        name: {**(before.get(name) or {}), **value} if name != "FilterCriteria" else value
        for name, value in now.items()
    }}  # fmt: skip
