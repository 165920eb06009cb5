"""Tags of functions and of event source mappings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from eventyard.api.functions.address import arn_of
from eventyard.api.functions.checks import INVALID
from eventyard.errors import InvalidRequest, NotFound
from eventyard.functions import Functions
from eventyard.names import Arn
from eventyard.pipes import Pipes
from eventyard.wire import Caller, Handler

_MOST_TAGS = 50

Edit = Callable[[Mapping[str, str]], Mapping[str, str]]


class Tags:
    """The operations."""

    def __init__(self, functions: Functions, pipes: Pipes) -> None:
        self._functions = functions
        self._pipes = pipes

    def operations(self) -> dict[str, Handler]:
        return {"ListTags": self.list, "TagResource": self.tag, "UntagResource": self.untag}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        mapping = self._mapping(caller, params["Resource"])
        if mapping is not None:
            return {"Tags": dict(self._pipes.get(mapping).tags)}
        return {"Tags": dict(self._functions.get(arn_of(caller, params, "Resource")).tags)}

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._edit(caller, params, lambda now: check_tags({**now, **params["Tags"]}))

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        gone = frozenset(params["TagKeys"])
        return await self._edit(caller, params, lambda now: {key: now[key] for key in now if key not in gone})

    async def _edit(self, caller: Caller, params: Mapping[str, Any], edit: Edit) -> dict[str, Any]:
        mapping = self._mapping(caller, params["Resource"])
        if mapping is not None:
            await self._pipes.tag(mapping, edit)
            return {}
        await self._functions.change(
            arn_of(caller, params, "Resource"),
            lambda function: msgspec.structs.replace(function, tags=edit(function.tags)),
        )
        return {}

    def _mapping(self, caller: Caller, text: str) -> str | None:
        """The ARN of the mapping that ``text`` names; None where it names something else. Raises NotFound."""
        arn = Arn.parse(text)
        if arn is None or not arn.resource.startswith("event-source-mapping:"):
            return None
        found = {pipe.arn for pipe in self._pipes.find(caller.account, arn.region, mappings=True)}
        if text not in found:
            raise NotFound("The resource you requested does not exist.", "ResourceNotFoundException")
        return text


def check_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """``tags``, if something may have them all. Raises InvalidRequest."""
    if len(tags) > _MOST_TAGS:
        raise InvalidRequest(f"A resource can't have more than {_MOST_TAGS} tags.", INVALID)
    return tags
