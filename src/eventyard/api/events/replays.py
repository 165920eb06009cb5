"""Replays: start, cancel, describe and list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from eventyard.api.events.archives import one_filter
from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.archives import Archive, Archives, Replay, Replays, archive_arn, replay_arn
from eventyard.bus.directory import Directory, no_bus
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, NotFound
from eventyard.event import new_ids
from eventyard.wire import Caller, Handler


class ReplayOperations:
    """The operations on replays."""

    def __init__(self, replays: Replays, archives: Archives, directory: Directory, clock: Clock) -> None:
        self._replays = replays
        self._archives = archives
        self._directory = directory
        self._clock = clock

    def operations(self) -> dict[str, Handler]:
        return {
            "CancelReplay": self.cancel,
            "DescribeReplay": self.describe,
            "ListReplays": self.list,
            "StartReplay": self.start,
        }

    async def start(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        start, end = _millis(params["EventStartTime"]), _millis(params["EventEndTime"])
        archive = self._archive(caller, params["EventSourceArn"])
        bus, rules = params["Destination"]["Arn"], params["Destination"].get("FilterArns") or []
        if ":event-bus/" not in bus:
            raise InvalidRequest("Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.")
        if not self._directory.has_bus(bus):
            raise no_bus(bus)
        if bus != archive.bus:
            raise InvalidRequest(
                "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
            )
        if start >= end:
            raise InvalidRequest(
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            )
        known = {rule.arn for rule in self._directory.rules(bus)}
        for rule in rules:
            if rule not in known:
                raise NotFound(f"Rule {rule} does not exist on EventBus {bus}.")
        arn = replay_arn(caller.account, caller.region, params["ReplayName"])
        replay = await self._replays.create(
            Replay(
                arn=arn,
                name=params["ReplayName"],
                archive=archive.arn,
                source=archive.log,
                bus=bus,
                log=f"{arn}#{new_ids(1, self._clock.now())[0]}",
                start=start,
                end=end,
                behind=0,
                rules=tuple(rules),
                description=params.get("Description") or None,
            )
        )
        return given(ReplayArn=replay.arn, State=replay.state, ReplayStartTime=_seconds(replay.started))

    async def cancel(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        replay = await self._replays.cancel(_arn(caller, params))
        return {"ReplayArn": replay.arn, "State": replay.state}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        replay = self._replays.find(_arn(caller, params))
        return {
            **_summary(replay),
            **given(
                ReplayArn=replay.arn,
                Description=replay.description,
                Destination=given(Arn=replay.bus, FilterArns=list(replay.rules) or None),
            ),
        }

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        name, wanted = one_filter(params, "ListReplays")
        replays = self._replays.list(replay_arn(caller.account, caller.region, wanted if name == "prefix" else ""))
        if name == "source":
            replays = [replay for replay in replays if replay.archive == wanted]
        elif name == "state":
            replays = [replay for replay in replays if replay.state == wanted]
        listing = f"replays {caller.account} {caller.region} {name} {wanted}"
        shown, token = page(replays, lambda replay: replay.name, params, listing)
        return given(Replays=[_summary(replay) for replay in shown], NextToken=token)

    def _archive(self, caller: Caller, arn: str) -> Archive:
        """The archive. As on AWS, one that isn't there is a mistake in the request, not a thing not found."""
        found = self._archives.get(arn)
        if found is None or not arn.startswith(archive_arn(caller.account, caller.region, "")):
            raise InvalidRequest(
                f"Parameter EventSourceArn is not valid. Reason: Archive {arn.rpartition('/')[2]} does not exist."
            )
        return found


def _arn(caller: Caller, params: Mapping[str, Any]) -> str:
    return replay_arn(caller.account, caller.region, params["ReplayName"])


def _summary(replay: Replay) -> dict[str, Any]:
    return given(
        ReplayName=replay.name,
        EventSourceArn=replay.archive,
        State=replay.state,
        StateReason=replay.reason,
        EventStartTime=_seconds(replay.start),
        EventEndTime=_seconds(replay.end),
        EventLastReplayedTime=_seconds(replay.last),
        ReplayStartTime=_seconds(replay.started),
        ReplayEndTime=_seconds(replay.ended),
    )


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _seconds(millis: int | None) -> float | None:
    return None if millis is None else millis / 1000
