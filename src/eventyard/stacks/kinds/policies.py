"""Resource policies that are resources of their own, of one or of several queues or topics."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from eventyard.contract.finding import Place
from eventyard.errors import InvalidRequest, NotFound
from eventyard.stacks.kind import Key, Kind, Properties, State, need
from eventyard.stacks.parameters import text
from eventyard.stacks.site import Site
from eventyard.stacks.values import canonical

Get = Callable[[Site, str], str]
Put = Callable[[Site, str, str], None]


class PolicyKind(Kind):
    """``holders``: the property that says whose policy it is, a list if it ends with an s. ``get``: the policy that
    somebody set, "" if nobody did; raises NotFound. ``put``: sets it; "" goes back to what is without one. It has no
    name; its ``Ref`` is made of what it is for."""

    def __init__(self, type: str, service: str, holders: str, get: Get, put: Put) -> None:
        super().__init__(
            type, service, create="", read="", delete="", key=("Holders",), attributes={"Ref": "Ref", "Id": "Id"}
        )
        self._holders = holders
        self._get = get
        self._put = put

    def known(self, site: Site) -> set[str]:
        return {self._holders, "PolicyDocument"}

    def check(self, site: Site, given: Properties, place: Place) -> list[str]:
        missing = [f"{self.type} needs {name}." for name in sorted(self.known(site)) if name not in given]
        return super().check(site, given, place) + missing

    def key_of(self, wanted: Properties) -> Key | None:
        named = wanted.get(self._holders)
        holders = [each for each in (named if isinstance(named, list) else [named]) if isinstance(each, str)]
        whole = len(holders) == (len(named) if isinstance(named, list) else 1)
        return {"Holders": " ".join(holders)} if holders and whole else None

    def foreseen(self, wanted: Properties) -> dict[str, str]:
        key = self.key_of(wanted)
        return {} if key is None else {"Ref": key["Holders"], "Id": key["Holders"]}

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        holders = key["Holders"].split(" ")
        try:
            policies = [self._get(site, holder) for holder in holders]
        except NotFound:
            return None
        if not any(policies):
            return None
        alike = all(canonical(each) == canonical(policies[0]) for each in policies)
        properties = {
            self._holders: holders if self._holders.endswith("s") else holders[0],
            "PolicyDocument": policies[0] if alike else None,
        }
        return State(properties, {"Ref": key["Holders"], "Id": key["Holders"]})

    def create(self, site: Site, wanted: Properties) -> Key:
        key = self.key_of(wanted)
        if key is None:
            raise InvalidRequest(f"{self.type} needs {self._holders}.")
        policy = text(need(wanted, "PolicyDocument", self.type))
        for holder in key["Holders"].split(" "):
            self._put(site, holder, policy)
        return key

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> Key:
        new = self.create(site, wanted)
        if gone := set(key["Holders"].split(" ")) - set(new["Holders"].split(" ")):
            self.delete(site, {"Holders": " ".join(sorted(gone))})
        return new

    def delete(self, site: Site, key: Key) -> None:
        for holder in key["Holders"].split(" "):
            with contextlib.suppress(NotFound):
                self._put(site, holder, "")

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name == self._holders and not name.endswith("s")
