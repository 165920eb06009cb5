"""Types whose resources the server's own pages keep, each at an address of its own."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from typing import Any

from eventyard.contract.finding import Place
from eventyard.errors import NotFound
from eventyard.stacks.kind import Key, Kind, Properties, State, fit
from eventyard.stacks.site import Site, only_here


class PageKind(Kind):
    """``page``: the address, with the name behind it. ``fields``: the members of what is put there; the properties are
    the same in CloudFormation's spelling (``detail_type``: ``DetailType``). What is put says everything."""

    def __init__(
        self,
        type: str,
        page: str,
        fields: tuple[str, ...],
        secret: tuple[tuple[str, ...], ...],
        unread: tuple[str, ...],
    ) -> None:
        super().__init__(
            type,
            "",
            create="",
            read="",
            delete="",
            key=("Name",),
            attributes={"Ref": "Name", "Arn": "Arn"},
            name="Name",
            secret=secret,
            unread=unread,
        )
        self._page = page
        self._fields = {_property(field): field for field in fields}

    def known(self, site: Site) -> set[str]:
        only_here(site, self.type)
        return {"Name", *self._fields}

    def complete(self, site: Site, stack: str, id: str, given: Properties, place: Place) -> dict[str, Any]:
        found = {"Name": fit(f"{stack}-{id}", 64), **given}
        if isinstance(bus := found.get("Bus"), str) and not bus.startswith("arn:"):
            found["Bus"] = f"arn:aws:events:{site.region}:{site.account}:event-bus/{bus}"
        return found

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        try:
            found = site.ask("GET", f"{self._page}/{key['Name']}", _home(site))
        except NotFound:
            return None
        told = {name: found.get(field) for name, field in self._fields.items() if name not in self.unread}
        return State({"Name": key["Name"], **told}, {"Ref": key["Name"], "Arn": found["arn"]})

    def create(self, site: Site, wanted: Properties) -> Key:
        body = {self._fields[name]: value for name, value in wanted.items() if name in self._fields}
        site.ask("PUT", f"{self._page}/{wanted['Name']}", _home(site), body)
        return {"Name": str(wanted["Name"])}

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        self.create(site, wanted)

    def delete(self, site: Site, key: Key) -> None:
        with contextlib.suppress(NotFound):
            site.ask("DELETE", f"{self._page}/{key['Name']}", _home(site))

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name == "Name"


class _Function(PageKind):
    """``Path`` is seen from where the command runs; the server gets it as an absolute one."""

    def complete(self, site: Site, stack: str, id: str, given: Properties, place: Place) -> dict[str, Any]:
        found = super().complete(site, stack, id, given, place)
        if isinstance(path := found.get("Path"), str):
            found["Path"] = str(Path(path).resolve())
        return found

    def normal(self, properties: Properties) -> dict[str, Any]:
        """A command may be one text; the handler of a file is in its module."""
        given = dict(properties)
        if isinstance(command := given.get("Command"), str):
            given["Command"] = shlex.split(command)
        path, handler = given.get("Path"), given.get("Handler")
        if isinstance(path, str) and path.endswith(".py") and isinstance(handler, str) and "." not in handler:
            given["Handler"] = f"{Path(path).stem}.{handler}"
        return super().normal(given)


def _home(site: Site) -> dict[str, str]:
    return {"account": site.account, "region": site.region}


def _property(field: str) -> str:
    return "".join(word.capitalize() for word in field.split("_"))


KINDS = (
    PageKind(
        "Eventyard::Webhooks::Endpoint",
        "/_eventyard/webhooks",
        (
            *("provider", "options", "secrets", "bus", "source", "detail_type", "partner", "headers", "tolerance"),
            *("window", "rate", "burst", "body_limit", "archive", "archive_days", "url", "description"),
        ),
        (("Secrets", "*"),),
        ("Secrets",),
    ),
    _Function(
        "Eventyard::Functions::Function",
        "/_eventyard/functions",
        (
            *("path", "handler", "python", "runtime", "command", "url", "environment", "memory", "timeout"),
            *("concurrency", "retries", "max_age", "dead_letter_queue", "on_success", "on_failure", "description"),
            *("role", "tags"),
        ),
        (("Environment", "*"),),
        (),
    ),
)
