"""The operations on tags: of registries, schemas and discoverers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eventyard.errors import NotFound
from eventyard.names import Arn
from eventyard.schemas import Discoverers, Place, Registries, Schemas
from eventyard.wire import Caller, Handler

Edit = Callable[[Mapping[str, str]], Mapping[str, str]]


class TagOperations:
    """Three."""

    def __init__(self, registries: Registries, schemas: Schemas, discoverers: Discoverers) -> None:
        self._registries = registries
        self._schemas = schemas
        self._discoverers = discoverers

    def operations(self) -> dict[str, Handler]:
        return {"ListTagsForResource": self.list, "TagResource": self.tag, "UntagResource": self.untag}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        place, kind, names = _resource(caller, params["ResourceArn"])
        if kind == "registry":
            return {"Tags": dict(self._registries.get(place, *names).tags)}
        if kind == "schema":
            return {"Tags": dict(self._schemas.get(place, *names).tags)}
        return {"Tags": dict(self._discoverers.get(place, *names).tags)}

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._edit(caller, params["ResourceArn"], lambda now: {**now, **params["Tags"]})
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        gone = frozenset(params["TagKeys"])
        await self._edit(caller, params["ResourceArn"], lambda now: {key: now[key] for key in now if key not in gone})
        return {}

    async def _edit(self, caller: Caller, text: str, edit: Edit) -> None:
        place, kind, names = _resource(caller, text)
        if kind == "registry":
            await self._registries.tag(place, names[0], edit)
        elif kind == "schema":
            await self._schemas.tag(place, names[0], names[1], edit)
        else:
            await self._discoverers.tag(place, names[0], edit)


def _resource(caller: Caller, text: str) -> tuple[Place, str, list[str]]:
    """Where the resource with an ARN is, its kind and its names. Raises NotFound."""
    arn = Arn.parse(text)
    kind, *names = arn.resource.split("/") if arn is not None else [""]
    parts = {"registry": 1, "schema": 2, "discoverer": 1}.get(kind)
    if arn is None or (arn.service, arn.account) != ("schemas", caller.account) or len(names) != parts:
        raise NotFound(f"Resource {text} does not exist.", "NotFoundException")
    return Place(arn.account, arn.region), kind, names
