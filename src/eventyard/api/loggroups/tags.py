"""Operations on the tags of log groups, by ARN and, as it was before, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from eventyard.api.loggroups.place import named, of_identifier
from eventyard.errors import InvalidRequest
from eventyard.loggroups import Group, LogGroups
from eventyard.wire import Caller, Handler

_MOST = 50


class TagOperations:
    """Each method answers one operation."""

    def __init__(self, groups: LogGroups) -> None:
        self._groups = groups

    def operations(self) -> dict[str, Handler]:
        return {
            "ListTagsForResource": self.list,
            "ListTagsLogGroup": self.list_by_name,
            "TagLogGroup": self.tag_by_name,
            "TagResource": self.tag,
            "UntagLogGroup": self.untag_by_name,
            "UntagResource": self.untag,
        }

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {"tags": dict(self._groups.get(of_identifier(caller, params["resourceArn"])).tags)}

    async def list_by_name(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {"tags": dict(self._groups.get(named(caller, params)).tags)}

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._change(of_identifier(caller, params["resourceArn"]), _with(params["tags"]))

    async def tag_by_name(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._change(named(caller, params), _with(params["tags"]))

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._change(of_identifier(caller, params["resourceArn"]), _without(params["tagKeys"]))

    async def untag_by_name(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._change(named(caller, params), _without(params["tags"]))

    async def _change(self, arn: str, edit: Callable[[Mapping[str, str]], dict[str, str]]) -> dict[str, Any]:
        def change(group: Group) -> Group:
            return msgspec.structs.replace(group, tags=edit(group.tags))

        await self._groups.change(arn, change)
        return {}


def _with(tags: Mapping[str, str]) -> Callable[[Mapping[str, str]], dict[str, str]]:
    def edit(known: Mapping[str, str]) -> dict[str, str]:
        found = {**known, **tags}
        if len(found) > _MOST:
            raise InvalidRequest(f"A resource can't have more than {_MOST} tags.", "TooManyTagsException")
        return found

    return edit


def _without(keys: Iterable[str]) -> Callable[[Mapping[str, str]], dict[str, str]]:
    gone = frozenset(keys)
    return lambda known: {key: known[key] for key in known if key not in gone}
