"""Schedule groups and their tags: create, get, list, delete, tag, untag."""

from __future__ import annotations

from typing import Any

from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.api.events.tags import tags_of
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, LimitExceeded
from eventyard.names import Arn
from eventyard.schedules import Group, Schedules, group_arn
from eventyard.wire import Caller, Handler

_MOST_TAGS = 50


class Groups:
    """The operations on groups."""

    def __init__(self, schedules: Schedules, clock: Clock) -> None:
        self._schedules = schedules
        self._clock = clock

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateScheduleGroup": self.create,
            "DeleteScheduleGroup": self.delete,
            "GetScheduleGroup": self.get,
            "ListScheduleGroups": self.list,
            "ListTagsForResource": self.tags,
            "TagResource": self.tag,
            "UntagResource": self.untag,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        now, arn = self._clock.now(), group_arn(caller.account, caller.region, params["Name"])
        tags = _checked(tags_of(params, 200))
        group = Group(
            arn=arn, name=params["Name"], created=now, modified=now, tags=tags, token=params.get("ClientToken")
        )
        await self._schedules.create_group(group)
        return {"ScheduleGroupArn": arn}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._schedules.delete_group(
            group_arn(caller.account, caller.region, params["Name"]), params.get("ClientToken")
        )
        return {}

    async def get(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _described(self._schedules.group(group_arn(caller.account, caller.region, params["Name"])))

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        prefix = params.get("NamePrefix") or ""
        groups = [one for one in self._schedules.groups(caller.account, caller.region) if one.name.startswith(prefix)]
        asked = {"NextToken": params.get("NextToken"), "Limit": params.get("MaxResults")}
        shown, token = page(groups, lambda group: group.name, asked, f"schedule-groups {prefix}")
        return given(ScheduleGroups=[_described(group) for group in shown], NextToken=token)

    async def tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        tags = self._find(caller, params).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        group = self._find(caller, params)
        await self._schedules.tag_group(group.arn, _checked(group.tags | tags_of(params, 200)))
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        group, gone = self._find(caller, params), frozenset(params.get("TagKeys") or ())
        await self._schedules.tag_group(group.arn, {key: value for key, value in group.tags.items() if key not in gone})
        return {}

    def _find(self, caller: Caller, params: dict[str, Any]) -> Group:
        text = params["ResourceArn"]
        arn = Arn.parse(text)
        if arn is None or arn.account != caller.account:
            raise InvalidRequest(f"Invalid ResourceArn {text}.")
        return self._schedules.group(text)


def _checked(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MOST_TAGS:
        raise LimitExceeded("The requested resource exceeds the maximum number of tags allowed.",
                            "ServiceQuotaExceededException")  # fmt: skip
    return tags


def _described(group: Group) -> dict[str, Any]:
    return {
        "Arn": group.arn,
        "Name": group.name,
        "State": "ACTIVE",
        "CreationDate": group.created / 1000,
        "LastModificationDate": group.modified / 1000,
    }
