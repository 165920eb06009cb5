"""The forms of a house: the registry's schemas as forms, and PutEvents for what is entered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from eventyard.api.forms import Forms
from eventyard.server.registry import SchemaRegistry
from eventyard.wire import Door


def forms_of(registry: SchemaRegistry, doors: Sequence[Door], has_bus: Callable[[str], bool]) -> Forms:
    (put,) = (door.operations["PutEvents"] for door in doors if door.service == "events")

    def contents(account: str, region: str, home: str, name: str) -> Sequence[str]:
        return registry.contents(f"arn:aws:schemas:{region}:{account}:registry/{home}", name)

    def names(account: str, region: str) -> Mapping[str, Sequence[str]]:
        return registry.by_registry(account, region)

    return Forms(names, contents, put, has_bus)
