"""What AWS has no type for: ``Eventyard::*``, over the server's own pages."""

from __future__ import annotations

import contextlib
from typing import Any

from eventyard.errors import NotFound
from eventyard.stacks.kind import Key, Kind, Properties, State
from eventyard.stacks.site import Site, only_here

_VALIDATION = "/_eventyard/validation"


class _Contracts(Kind):
    """What a bus does about events that break their contracts (docs/validation.md)."""

    def known(self, site: Site) -> set[str]:
        only_here(site, self.type)
        return {"Bus", "Registry", "Mode", "Events", "Unknown", "Queue"}

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        for rules in site.ask("GET", _VALIDATION)["rules"]:
            if rules["bus"] == _arn(site, key["Bus"]):
                found = {name.capitalize(): value for name, value in rules.items() if name != "bus"}
                return State({**found, "Bus": key["Bus"]}, {"Ref": key["Bus"]})
        return None

    def normal(self, properties: Properties) -> dict[str, Any]:
        """A registry may be named by its ARN or by its name."""
        found = super().normal(properties)
        if isinstance(name := found.get("Registry"), str):
            found["Registry"] = name.rpartition(":registry/")[2]
        return found

    def create(self, site: Site, wanted: Properties) -> Key:
        bus = str(wanted.get("Bus", "default"))
        asked = {name.lower(): value for name, value in wanted.items()} | {"bus": _arn(site, bus)}
        site.ask("PUT", _VALIDATION, body=asked)
        return {"Bus": bus}

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        self.create(site, wanted)

    def delete(self, site: Site, key: Key) -> None:
        with contextlib.suppress(NotFound):
            site.ask("DELETE", _VALIDATION, {"bus": _arn(site, key["Bus"])})

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name == "Bus"


def _arn(site: Site, bus: str) -> str:
    return bus if bus.startswith("arn:") else f"arn:aws:events:{site.region}:{site.account}:event-bus/{bus}"


KINDS: tuple[Kind, ...] = (
    _Contracts(
        "Eventyard::Contracts::Policy",
        "",
        create="",
        read="",
        delete="",
        key=("Bus",),
        attributes={"Ref": "Bus"},
        defaults={"Bus": "default"},
    ),
)
