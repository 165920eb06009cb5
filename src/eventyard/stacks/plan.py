"""What an apply would do: what is recorded, what is there and what is wanted, compared. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec

from eventyard.contract.finding import Finding, Place
from eventyard.errors import EventyardError, InvalidRequest, TryAgain
from eventyard.resource import Reference, Resource, Stack
from eventyard.stacks.difference import Change, differences, drifted
from eventyard.stacks.kind import Key, Kind, State
from eventyard.stacks.kinds import KINDS, nearest
from eventyard.stacks.kinds.roles import NothingKind
from eventyard.stacks.order import in_order, needs_of
from eventyard.stacks.parameters import unknown
from eventyard.stacks.record import Entry, Record
from eventyard.stacks.seal import seal, untold
from eventyard.stacks.site import Site
from eventyard.stacks.values import UNKNOWN, has_unknown, resolve

Action = Literal["create", "adopt", "change", "replace", "nothing", "delete", "left", "kept", "absent"]
"""``left``: no longer wanted, and not asked to be deleted. ``kept``: no longer wanted, and said to stay
(``DeletionPolicy: Retain``); the stack forgets it.
``absent``: it was to be deleted, and was not there; no plan says so, an outcome does."""

_DELETIONS = ("delete", "left", "kept")


class Step(msgspec.Struct, frozen=True):
    """``name``: what its service knows it by. ``why``: of a replacement. ``resource``: None if it is no longer wanted.
    ``before``: its properties up to now, for who changes it."""

    action: Action
    id: str
    type: str
    name: str
    place: Place
    changes: tuple[Change, ...] = ()
    why: str = ""
    resource: Resource | None = None
    entry: Entry | None = None
    key: Key | None = None
    before: Mapping[str, Any] = {}
    leftover: bool = False

    @property
    def changing(self) -> bool:
        return self.action not in ("nothing", "left")


class Drift(msgspec.Struct, frozen=True):
    """What was changed outside of the stack; without ``changes`` it was deleted."""

    id: str
    type: str
    changes: tuple[Change, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """``findings``: with an error among them nothing is applied."""

    stack: Stack
    steps: tuple[Step, ...] = ()
    drift: tuple[Drift, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def changing(self) -> bool:
        return any(step.changing for step in self.steps)

    @property
    def failed(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


#: What a value raises that is of another form than the type's documentation has it.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


def malformed(error: BaseException) -> str:
    """A sentence on such a value."""
    what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return f"A property is not of the form that CloudFormation documents for it: {what}."


def kept(resource: Resource) -> str:
    """A sentence on what would have to be deleted to make room for itself."""
    return (
        f"{resource.id} can't be changed in place, and is to be kept: another one under the same name would take its "
        "place, and what is in it would be lost. Give it another name, or don't say that it is to be kept."
    )


def pseudo(site: Site, stack: str) -> dict[str, Any]:
    """What every template can refer to without having it (CloudFormation user guide, "Pseudo parameters")."""
    return {
        "AWS::AccountId": site.account,
        "AWS::Region": site.region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": stack,
        "AWS::StackId": f"arn:aws:cloudformation:{site.region}:{site.account}:stack/{stack}/eventyard",
        "AWS::NotificationARNs": [],
    }


def make_plan(
    site: Site,
    stack: Stack,
    record: Record,
    *,
    prune: bool = False,
    adopt: bool = False,
    others: Callable[[], Iterable[Record]] = tuple,
) -> Plan:
    """The plan of an apply. ``prune``: delete what the record has and the stack no longer wants. ``adopt``: take over
    what is there already under a wanted name, unless it belongs to one of the ``others``."""
    return _Planner(site, stack, record, prune, adopt, others).plan()


def told(kind: Kind, properties: Mapping[str, Any], entry: Entry, salt: str) -> dict[str, Any]:
    """What is there, comparable: in canonical form, sealed, and with the secrets that its service keeps to itself."""
    there: Any = seal(kind.normal(properties), kind.secret, salt)
    for path in kind.secret:
        there = untold(there, entry.properties, path)
    return dict(there)


def find_drift(site: Site, record: Record) -> tuple[Drift, ...]:
    """What was changed or deleted outside of a stack."""
    found = []
    for id, entry in record.resources.items():
        kind = KINDS.get(entry.type)
        if kind is None or entry.key is None or entry.making:
            continue
        state = kind.read(site, entry.key, frozenset(entry.properties))
        if state is None:
            found.append(Drift(id, entry.type))
            continue
        there = told(kind, state.properties, entry, record.salt)
        if lost := drifted(kind, entry.properties, there, {}, entry.asked):
            found.append(Drift(id, entry.type, lost))
    return tuple(found)


class _Planner:
    def __init__(
        self,
        site: Site,
        stack: Stack,
        record: Record,
        prune: bool,
        adopt: bool,
        others: Callable[[], Iterable[Record]],
    ) -> None:
        self._site = site
        self._others = others
        self._known: dict[str, str] = {}
        self._stack = stack
        self._record = record
        self._prune = prune
        self._adopt = adopt
        self._wanted = {resource.id: resource for resource in stack.resources}
        self._pseudo = pseudo(site, stack.name)
        self._attributes: dict[str, Mapping[str, Any]] = {}
        self._steps: list[Step] = []
        self._drift: list[Drift] = []
        self._found: list[Finding] = []
        self._moved: set[str] = set()

    def plan(self) -> Plan:
        self._check()
        order: list[str] = []
        if not any(finding.severity == "error" for finding in self._found):
            try:
                order = in_order({resource.id: needs_of(resource) for resource in self._stack.resources})
            except InvalidRequest as error:
                first = next(each for each in self._stack.resources if f" {each.id} " in f"{error.message[:-1]} ")
                self._find(first.place, "cycle", error.message)
        for id in order:
            resource = self._wanted[id]
            try:
                self._steps.append(self._step(resource, KINDS[resource.type]))
            except TryAgain:
                raise
            except EventyardError as error:
                self._find(resource.place, "refused", f"{id}: {error.message}")
            except MALFORMED as error:
                self._find(resource.place, "bad-property", f"{id}: {malformed(error)}")
        if order or not self._stack.resources:
            self._steps += self._unwanted()
        return Plan(self._stack, tuple(self._steps), tuple(self._drift), tuple(sorted(self._found)))

    # What can be said without asking.

    def _check(self) -> None:
        if len(self._wanted) != len(self._stack.resources):
            ids = [each.id for each in self._stack.resources]
            for each in self._stack.resources:
                if ids.count(each.id) > 1:
                    self._find(each.place, "doubled-resource", f"There is more than one resource {each.id}.")
        for resource in self._stack.resources:
            kind = KINDS.get(resource.type)
            if kind is None:
                message = f"{resource.id} is of the type {resource.type}, which is not known; {nearest(resource.type)}"
                self._find(resource.place, "unknown-type", message)
                continue
            if isinstance(kind, NothingKind) and not self._site.real:
                self._find(resource.place, "no-roles", f"{resource.id}: {kind.warning}", "warning")
            try:
                wrong = kind.check(self._site, resource.properties, resource.place)
            except EventyardError as error:
                wrong = [error.message]
            for message in (*wrong, *self._references(resource)):
                self._find(resource.place, "bad-property", f"{resource.id} ({resource.type}): {message}")

    def _references(self, resource: Resource) -> list[str]:
        found: list[str] = []

        def look(reference: Reference) -> object:
            other = self._wanted.get(reference.resource)
            if other is None and reference.resource not in self._pseudo:
                found.append(unknown(reference.resource, self._wanted, f"It refers to {reference.resource}, which"))
            elif other is not None and (kind := KINDS.get(other.type)) and reference.attribute not in kind.attributes:
                what = f"The attribute {reference.attribute} of {other.id} ({other.type})"
                found.append(unknown(reference.attribute, kind.attributes, what))
            return UNKNOWN

        resolve(resource.properties, look)
        found += [f"It comes after {id}, which is not there." for id in resource.after if id not in self._wanted]
        return found

    # What asks.

    def look(self, reference: Reference) -> object:
        if reference.resource in self._pseudo:
            return self._pseudo[reference.resource]
        return self._attributes.get(reference.resource, {}).get(reference.attribute, UNKNOWN)

    def _step(self, resource: Resource, kind: Kind) -> Step:
        given = resolve(resource.properties, self.look)
        wanted = kind.complete(self._site, self._stack.name, resource.id, given, resource.place)
        self._check_single(resource, kind, wanted)
        entry = self._record.resources.get(resource.id) or self._take_moved(resource, kind, wanted)
        if entry is not None and entry.type != resource.type:
            return self._create(resource, kind, wanted, entry, f"it was of the type {entry.type}")
        asked = frozenset(wanted) | (frozenset(entry.properties) | frozenset(entry.asked) if entry else frozenset())
        key = entry.key if entry is not None and entry.key is not None else kind.find(self._site, wanted)
        state = None if key is None else kind.read(self._site, key, asked)
        if state is None:
            if entry is not None and not entry.making:
                self._drift.append(Drift(resource.id, resource.type))
            return self._create(resource, kind, wanted, None)
        assert key is not None, "what was read has a key"
        if entry is None:
            return self._adopted(resource, kind, wanted, key, state)
        return self._compared(resource, kind, wanted, entry, key, state)

    def _take_moved(self, resource: Resource, kind: Kind, wanted: Mapping[str, Any]) -> Entry | None:
        """The entry of the same thing under another id that nobody wants any more: it was only renamed in the files."""
        unwanted = {
            id: entry
            for id, entry in self._record.resources.items()
            if entry.type == resource.type and id not in self._wanted and id not in self._moved
        }
        key = kind.find(self._site, wanted) if unwanted else None
        for id, entry in unwanted.items():
            if key is not None and entry.key == key:
                self._moved.add(id)
                return entry
        return None

    def _check_single(self, resource: Resource, kind: Kind, wanted: Mapping[str, Any]) -> None:
        """Two resources that are the same thing would undo each other. Raises InvalidRequest."""
        known_by = kind.key_of(wanted) or kind.foreseen(wanted)
        if not known_by or has_unknown(known_by):
            return
        name = f"{resource.type} {sorted(known_by.items())}"
        if other := self._known.get(name):
            raise InvalidRequest(f"It is the same as {other}: {resource.type} {_name(known_by)}.")
        self._known[name] = resource.id

    def _create(
        self, resource: Resource, kind: Kind, wanted: Mapping[str, Any], entry: Entry | None, why: str = ""
    ) -> Step:
        self._attributes[resource.id] = kind.foreseen(wanted)
        shown = seal(kind.normal(wanted), kind.secret, self._record.salt)
        changes = tuple(Change(name, None, value) for name, value in shown.items())
        return Step(
            "replace" if entry else "create",
            resource.id,
            resource.type,
            _name(kind.key_of(wanted)) or resource.id,
            resource.place,
            changes,
            why,
            resource,
            entry,
        )

    def _adopted(self, resource: Resource, kind: Kind, wanted: Mapping[str, Any], key: Key, state: State) -> Step:
        owner = next((each.name for each in self._others() if _owns(each, resource.type, key)), "")
        if owner or not self._adopt:
            what = f"{resource.id}: {resource.type} {_name(key)} is there already, and"
            way = "Take it over with --adopt, or give another name."
            mine = self._stack.name
            told = f"belongs to stack {owner}." if owner else f"stack {mine} has not made it. {way}"
            self._find(resource.place, "exists", f"{what} {told}")
        entry = Entry(resource.type, key)
        step = self._compared(resource, kind, wanted, entry, key, state)
        return msgspec.structs.replace(step, action="adopt") if step.action in ("change", "nothing") else step

    def _compared(
        self, resource: Resource, kind: Kind, wanted: Mapping[str, Any], entry: Entry, key: Key, state: State
    ) -> Step:
        salt = self._record.salt
        there = told(kind, state.properties, entry, salt)
        goal = seal(kind.normal(wanted), kind.secret, salt)
        changes = differences(kind, entry.properties, there, goal, entry.asked)
        lost = drifted(kind, entry.properties, there, goal, entry.asked) if entry.properties else ()
        if lost:
            self._drift.append(Drift(resource.id, resource.type, lost))
        forced = [change.name for change in changes if change.replaces]
        if forced and (resource.keep or resource.keep_replaced) and kind.find(self._site, wanted) == key:
            self._find(resource.place, "kept-resource", f"{kept(resource)} ({', '.join(forced)})")
        action: Action = "replace" if forced else "change" if changes else "nothing"
        self._attributes[resource.id] = kind.foreseen(wanted) if forced else state.attributes
        names = {**entry.properties, **entry.asked, **goal, **dict.fromkeys(kind.entire)}
        before = {name: there.get(name, entry.properties.get(name)) for name in names}
        return Step(
            action,
            resource.id,
            resource.type,
            _name(key),
            resource.place,
            changes,
            f"{', '.join(forced)} can't be changed in place" if forced else "",
            resource,
            entry,
            key,
            {name: value for name, value in before.items() if value is not None},
        )

    def _unwanted(self) -> list[Step]:
        """What the record has and nobody wants, in the order in which it can be deleted."""
        unwanted = {
            id: entry
            for id, entry in self._record.resources.items()
            if id not in self._wanted and id not in self._moved
        }
        steps = {}
        for id, entry in unwanted.items():
            action: Action = ("kept" if entry.keep else "delete") if self._prune else "left"
            steps[id] = Step(action, id, entry.type, _name(entry.key) or id, entry.place, entry=entry, key=entry.key)
        found = [steps[id] for id in reversed(in_order({id: entry.needs for id, entry in unwanted.items()}))]
        return found + [
            Step("delete", id, entry.type, _name(entry.key) or id, entry.place, (), "it was replaced", None, entry,
                 entry.key, {}, True)
            for id, entry in reversed(self._record.leftovers)
        ]  # fmt: skip

    def _find(self, place: Place, rule: str, message: str, severity: Literal["error", "warning"] = "error") -> None:
        self._found.append(Finding(*place, rule, message, severity))


def _owns(record: Record, type: str, key: Key) -> bool:
    return any(entry.type == type and entry.key == key for entry in record.resources.values())


def _name(key: Key | None) -> str:
    """What people know a resource by: the last part of what the service does, with that of a bus before it."""
    if not key:
        return ""
    parts = [
        value.rpartition("/")[2].rpartition(":")[2]
        for value in reversed(tuple(key.values()))
        if value not in ("default", "$LATEST")
    ]
    return "/".join(parts)
