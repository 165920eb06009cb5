"""A type of resource: how what CloudFormation documents of it is read, created, changed and deleted.

Most types are a row of a table, because the names of properties and parameters are the same; the others override what
differs. What is said here of replacing and of the values of ``Ref`` and ``Fn::GetAtt`` is the CloudFormation template
reference's.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.contract.finding import Place
from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.stacks.parameters import convert, parameters, unknown
from eventyard.stacks.site import Site
from eventyard.stacks.tagging import TAGGING
from eventyard.stacks.values import UNKNOWN, canonical, identical

Properties = Mapping[str, Any]
Key = Mapping[str, str]
"""What the service knows a resource by, as parameters of its operations: ``{"Name": "a", "EventBusName": "cars"}``."""


#: Between looks at what takes its time, in seconds; and how many there are, for about five minutes.
_FIRST_PAUSE, _LAST_PAUSE, _LOOKS = 0.05, 2.0, 155


class State(msgspec.Struct, frozen=True):
    """A resource that is there: its properties, as far as its service tells them, and its attributes by ``Ref`` and the
    names of ``Fn::GetAtt``."""

    properties: Properties
    attributes: Mapping[str, Any]


class Kind:
    """``type``: ``AWS::Events::Archive``. ``create``, ``read``, ``change``, ``delete``: operations of ``service``;
    without ``change`` everything but tags takes a replacement. ``key``: the parameters that name a resource.
    ``name``: the property that is made up, of at most ``longest`` characters, where a template leaves it out.

    ``replace``: properties whose change takes a replacement. ``resets``: what to send for a property that a template
    no longer says; one that is in neither takes a replacement then, unless ``whole``: a change says everything.
    ``attributes``: the member of what ``read`` answers, or the parameter of the key, by attribute; the resource's own
    ``Ref`` among them. ``rename``: parameters by properties, where they differ. ``defaults``: of parameters of the key.
    ``unread``: properties that the service never tells. ``secret``: paths into properties that are kept and shown by
    nobody. ``within``: the member of the answer of ``read`` that all is in. ``more``: properties that ``create``
    doesn't take. ``said``: properties that are as good as said, with their values: what somebody switched off outside
    is switched on again. ``entire``: those that a change takes away where they aren't said, and which are therefore
    compared even then. ``tagged``: the member that tags hang on, if it isn't ``Arn``'s. ``status``: the one that says
    when the service is done, if that takes time."""

    def __init__(
        self,
        type: str,
        service: str,
        *,
        create: str,
        read: str,
        delete: str,
        key: tuple[str, ...],
        attributes: Mapping[str, str],
        change: str = "",
        name: str = "",
        longest: int = 64,
        replace: tuple[str, ...] = (),
        resets: Mapping[str, Any] = {},
        whole: bool = False,
        rename: Mapping[str, str] = {},
        defaults: Mapping[str, str] = {},
        unread: tuple[str, ...] = (),
        secret: tuple[tuple[str, ...], ...] = (),
        within: str = "",
        more: tuple[str, ...] = (),
        said: Mapping[str, Any] = {},
        entire: tuple[str, ...] = (),
        tagged: str = "",
        status: str = "",
    ) -> None:
        self.type = type
        self.service = service
        self._create = create
        self._read = read
        self._change = change
        self._delete = delete
        self.key = key
        self.attributes = attributes
        self._name = name
        self._longest = longest
        self.replace = frozenset(replace)
        self.resets = resets
        self.whole = whole
        self._rename = rename
        self.defaults = defaults
        self.unread = frozenset(unread)
        self.secret = secret
        self._within = within
        self._more = more
        self._said = said
        self.entire = frozenset(entire)
        self._tagged = tagged
        self._status = status

    # What can be said before anything is asked.

    def known(self, site: Site) -> set[str]:
        """The names of the properties that can be given."""
        back = {parameter: name for name, parameter in self._rename.items()}
        members = {back.get(name, name) for name in site.shape(self.service, self._create).members}
        return (members - {"ClientToken", "tags"}) | set(self._more)

    def check(self, site: Site, given: Properties, place: Place) -> list[str]:
        """Sentences on what is wrong with the properties, as far as it can be told without asking."""
        known = self.known(site)
        return [unknown(name, known) for name in given if name not in known]

    def complete(self, site: Site, stack: str, id: str, given: Properties, place: Place) -> dict[str, Any]:
        """The properties with a name made up, if the template leaves it out, and with what is as good as said."""
        name = {self._name: fit(f"{stack}-{id}", self._longest)} if self._name else {}
        return {**name, **self._said, **given}

    def normal(self, properties: Properties) -> dict[str, Any]:
        """``properties`` in the form in which they are compared."""
        found: dict[str, Any] = canonical({name: value for name, value in properties.items() if value is not None})
        return found

    def key_of(self, wanted: Properties) -> Key | None:
        """The key that follows from the properties; None if only the service can tell it."""
        named = {self._rename.get(name, name): value for name, value in wanted.items()}
        found = {name: named.get(name, self.defaults.get(name)) for name in self.key}
        if any(value is None or value is UNKNOWN for value in found.values()):
            return None
        return {name: str(value) for name, value in found.items()}

    def foreseen(self, wanted: Properties) -> dict[str, Any]:
        """The attributes that are known before there is anything: those that are properties."""
        key = self.key_of(wanted) or {}
        back = {parameter: name for name, parameter in self._rename.items()}
        found = {}
        for name, member in self.attributes.items():
            if member in key:
                found[name] = key[member]
            elif back.get(member, member) in wanted:
                found[name] = wanted[back.get(member, member)]
        return found

    # What asks.

    def find(self, site: Site, wanted: Properties) -> Key | None:
        """The key under which a resource like ``wanted`` would be there; None if there is none for sure."""
        return self.key_of(wanted)

    def read(self, site: Site, key: Key, asked: frozenset[str] = frozenset()) -> State | None:
        """What is there; None if it isn't. ``asked``: properties that are worth asking more than once for."""
        try:
            answer = self.describe(site, key)
        except NotFound:
            return None
        members = {**key, **answer}
        back = {parameter: name for name, parameter in self._rename.items()}
        properties = {back.get(name, name): value for name, value in members.items() if value is not None}
        attributes = {name: members[at] for name, at in self.attributes.items() if members.get(at) is not None}
        if "Tags" in asked and (tagging := TAGGING.get(self.service)):
            properties["Tags"] = tagging.read(site, self._tag_target(members))
        return State(properties, attributes)

    def describe(self, site: Site, key: Key) -> dict[str, Any]:
        """The members of what the service says of a resource. Raises NotFound."""
        answer = site.call(self.service, self._read, key)
        return answer[self._within] if self._within else answer

    def create(self, site: Site, wanted: Properties) -> Key:
        """Make it, and say what it is known by."""
        shape = site.shape(self.service, self._create)
        given = parameters(shape, wanted, self._rename)
        given |= {name: value for name, value in self.defaults.items() if name in shape.members and name not in given}
        answer = site.call(self.service, self._create, given)
        members = {**self.defaults, **given, **(answer.get(self._within) or answer)}
        return {name: str(members[name]) for name in self.key}

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> Key | None:
        """Make it what is wanted. ``before``: what is there or was wanted up to now. Answers its key if that is another
        one now."""
        if self._change and not identical(canonical(_untagged(before)), canonical(_untagged(wanted))):
            site.call(self.service, self._change, self.changed(site, self._change, key, before, wanted))
        self.tag(site, key, before, wanted)
        return None

    def changed(self, site: Site, operation: str, key: Key, before: Properties, wanted: Properties) -> dict[str, Any]:
        """The parameters of a change."""
        shape = site.shape(self.service, operation)
        reset = {name: value for name, value in self.resets.items() if name in before and name not in wanted}
        return {**parameters(shape, {**reset, **wanted}, self._rename), **key}

    def tag(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        """Bring the tags, if they are said or were."""
        old, new = _tags(before), _tags(wanted)
        if old != new and (tagging := TAGGING.get(self.service)):
            target = self._tag_target({**key, **self.describe(site, key)})
            tagging.bring(site, target, old, new)

    def delete(self, site: Site, key: Key) -> None:
        """Remove it. That it isn't there is no error."""
        with contextlib.suppress(NotFound):
            site.call(self.service, self._delete, key)

    def settle(self, site: Site, key: Key) -> None:
        """Wait until the service has done what it was asked for, where it says so before it has. Raises TryAgain."""
        pause = _FIRST_PAUSE
        for _ in range(_LOOKS):
            try:
                status = str(self.describe(site, key).get(self._status)) if self._status else ""
            except NotFound:
                return
            if not status.upper().endswith("ING") or status.upper() == "RUNNING":
                return
            time.sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE)
        raise TryAgain(f"It is {status} for minutes.")

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        """Whether the change of a property takes a replacement."""
        if name in self.replace or (self._rename.get(name, name) in self.key):
            return True
        if name == "Tags":
            return self.service not in TAGGING
        return not self._change or (name not in wanted and not self.whole and name not in self.resets)

    def is_usual(self, name: str, value: Any) -> bool:
        """Whether a property has, in canonical form, the value that it has without being said."""
        return name in self.resets and bool(value == canonical(self.resets[name]))

    def _tag_target(self, members: Mapping[str, Any]) -> str:
        return str(members[self._tagged or self.attributes.get("Arn") or self.attributes["Ref"]])


def fit(name: str, longest: int) -> str:
    """A name that is at most that long, and always the same for the same."""
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
    if len(clean) <= longest:
        return clean
    mark = hashlib.sha256(clean.encode()).hexdigest()[:8]
    return f"{clean[: longest - 9]}-{mark}"


def member(site: Site, service: str, operation: str, name: str, value: Any) -> Any:
    """``value`` as the parameter ``name`` of an operation."""
    return convert(site.shape(service, operation).members[name], value, name)


def need(wanted: Properties, name: str, type: str) -> Any:
    """A property that must be there. Raises InvalidRequest."""
    if wanted.get(name) in (None, ""):
        raise InvalidRequest(f"{type} needs {name}.")
    return wanted[name]


def _tags(properties: Properties) -> dict[str, str]:
    found = canonical(properties.get("Tags") or {})
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _untagged(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "Tags"}
