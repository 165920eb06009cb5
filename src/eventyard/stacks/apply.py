"""A plan carried out, step by step, recorded after each; cut off anywhere, the next plan goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from eventyard.errors import Conflict, EventyardError, TryAgain
from eventyard.resource import Reference, Resource
from eventyard.stacks.kind import Key, Kind
from eventyard.stacks.kinds import KINDS
from eventyard.stacks.order import needs_of
from eventyard.stacks.plan import MALFORMED, Plan, Step, kept, malformed, pseudo
from eventyard.stacks.record import Entry, Ledger
from eventyard.stacks.seal import seal
from eventyard.stacks.site import Site
from eventyard.stacks.values import UNKNOWN, plain, resolve

Event = Literal["start", "done", "failed", "skipped"]
Tell = Callable[[Step, Event, str], None]
"""Told of what happens with a step: ``tell(step, "failed", "The queue does not exist.")``."""


class Outcome(msgspec.Struct, frozen=True):
    """``failed``: by id, in words. ``skipped``: what was not tried, because it needs something that failed."""

    done: tuple[Step, ...]
    failed: Mapping[str, str]
    skipped: tuple[str, ...]
    outputs: Mapping[str, Any]

    @property
    def well(self) -> bool:
        return not self.failed and not self.skipped


def carry_out(site: Site, ledger: Ledger, plan: Plan, tell: Tell) -> Outcome:
    """Do what the plan says. What needs something that failed is skipped, the rest is done. Raises Conflict if somebody
    else writes the record meanwhile, and TryAgain if nobody answers; the record says then how far it came."""
    return _Applying(site, ledger, plan, tell).run()


class _Applying:
    def __init__(self, site: Site, ledger: Ledger, plan: Plan, tell: Tell) -> None:
        self._site = site
        self._ledger = ledger
        self._plan = plan
        self._tell = tell
        self._pseudo = pseudo(site, plan.stack.name)
        self._done: list[Step] = []
        self._failed: dict[str, str] = {}
        self._skipped: list[str] = []

    def run(self) -> Outcome:
        for step in self._plan.steps:
            if step.resource is not None:
                self._try(step, needs_of(step.resource), lambda step: self._bring(step, KINDS[step.type]))
        # What was replaced on the way is a leftover now, as is what was left by an apply that was cut off.
        leftovers = [step for step in self._plan.steps if step.leftover]
        known = [(step.id, step.entry) for step in leftovers]
        leftovers += [
            Step("delete", id, entry.type, id, entry.place, (), "it was replaced", None, entry, entry.key, {}, True)
            for id, entry in reversed(self._ledger.record.leftovers)
            if (id, entry) not in known
        ]
        unwanted = [step for step in self._plan.steps if step.resource is None and not step.leftover]
        for step in (*leftovers, *unwanted):
            self._try(step, self._needed_by(step), self._remove)
        outputs: dict[str, Any] = {}
        if not self._failed and not self._skipped:
            outputs = plain(resolve(dict(self._plan.stack.outputs), self._look))
            if outputs != dict(self._ledger.record.outputs):
                self._ledger.keep(msgspec.structs.replace(self._ledger.record, outputs=outputs))
        return Outcome(tuple(self._done), self._failed, tuple(self._skipped), outputs)

    def _try(self, step: Step, needs: tuple[str, ...], do: Callable[[Step], Step | None]) -> None:
        missing = [id for id in needs if id in self._failed or id in self._skipped]
        if missing and step.changing:
            self._skipped.append(step.id)
            self._tell(step, "skipped", f"because of {', '.join(missing)}")
            return
        if step.changing:
            self._tell(step, "start", "")
        try:
            step = do(step) or step
        except _Refused as refused:
            self._failed[step.id] = refused.message
            self._tell(step, "failed", refused.message)
        else:
            if step.changing:
                self._done.append(step)
                self._tell(step, "done", "")

    # What is wanted.

    def _bring(self, step: Step, kind: Kind) -> None:
        resource = step.resource
        assert resource is not None
        self._forget_old_id(step)
        given = resolve(resource.properties, self._look)
        with _refusals():
            wanted = kind.complete(self._site, self._plan.stack.name, resource.id, given, resource.place)
        entry, key = step.entry, step.key
        if step.action == "replace" and entry is not None:
            self._make_room(step, kind, wanted, entry)
        elif step.action in ("change", "adopt") and step.changes and key is not None:
            begun = Entry(step.type, key) if entry is None else entry
            self._mark(resource, msgspec.structs.replace(begun, asked=self._sealed(kind, wanted)))
            with _refusals():
                key = kind.change(self._site, key, step.before, wanted) or key
        if step.action in ("create", "replace"):
            key = self._create(resource, kind, wanted)
        assert key is not None
        self._settle(resource, kind, key, wanted, entry if step.action == "nothing" else None)

    def _create(self, resource: Resource, kind: Kind, wanted: Mapping[str, Any]) -> Key:
        self._mark(resource, self._making(resource, kind, kind.key_of(wanted), wanted))
        try:
            with _refusals():
                return kind.create(self._site, wanted)
        except _Refused as refused:
            if refused.taken:
                # Somebody else was faster: it isn't ours.
                self._keep(resource.id, None)
            raise

    def _make_room(self, step: Step, kind: Kind, wanted: Mapping[str, Any], entry: Entry) -> None:
        """The old one goes at once if the new one is to have its name, otherwise when all that used it is done."""
        with _refusals():
            same = entry.type == step.type and kind.find(self._site, wanted) == entry.key
        assert step.resource is not None
        if same and entry.key is not None:
            if step.resource.keep or step.resource.keep_replaced:
                raise _Refused(kept(step.resource), False)
            self._mark(step.resource, self._making(step.resource, kind, entry.key, wanted))
            with _refusals():
                kind.delete(self._site, entry.key)
                kind.settle(self._site, entry.key)
            return
        if not step.resource.keep_replaced:
            record = self._ledger.record
            left = (*record.leftovers, (step.id, entry))
            self._ledger.keep(msgspec.structs.replace(record.with_entry(step.id, None), leftovers=left))

    def _settle(
        self, resource: Resource, kind: Kind, key: Key, wanted: Mapping[str, Any], before: Entry | None
    ) -> None:
        """Record what is there now. ``before``: what is recorded, if nothing was to be done."""
        with _refusals():
            if before is None:
                kind.settle(self._site, key)
            state = kind.read(self._site, key, frozenset(wanted))
        if state is None:
            raise _Refused("It was made, and is not there.", False)
        entry = Entry(
            resource.type,
            key,
            self._sealed(kind, wanted),
            plain(state.attributes),
            needs_of(resource),
            resource.keep,
            resource.place,
        )
        if entry != self._ledger.record.resources.get(resource.id):
            self._keep(resource.id, entry)

    def _mark(self, resource: Resource, entry: Entry) -> None:
        """Record that it is ours, before it is: a crash may come between the two."""
        if entry != self._ledger.record.resources.get(resource.id):
            self._keep(resource.id, entry)

    def _making(self, resource: Resource, kind: Kind, key: Key | None, wanted: Mapping[str, Any]) -> Entry:
        asked = self._sealed(kind, wanted)
        return Entry(
            resource.type, key, needs=needs_of(resource), keep=resource.keep, place=resource.place, making=True,
            asked=asked,
        )  # fmt: skip

    def _sealed(self, kind: Kind, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """As it is recorded."""
        found: dict[str, Any] = plain(seal(kind.normal(wanted), kind.secret, self._ledger.record.salt))
        return found

    def _forget_old_id(self, step: Step) -> None:
        for id, entry in self._ledger.record.resources.items():
            if id != step.id and entry is step.entry:
                record = self._ledger.record.with_entry(id, None)
                self._ledger.keep(record.with_entry(step.id, entry))
                return

    def _look(self, reference: Reference) -> object:
        if reference.resource in self._pseudo:
            return self._pseudo[reference.resource]
        entry = self._ledger.record.resources.get(reference.resource)
        return UNKNOWN if entry is None else entry.attributes.get(reference.attribute, UNKNOWN)

    def _keep(self, id: str, entry: Entry | None) -> None:
        self._ledger.keep(self._ledger.record.with_entry(id, entry))

    # What is not wanted any more.

    def _needed_by(self, step: Step) -> tuple[str, ...]:
        """The ids of what uses it, which has to go, or to change, before."""
        users = {id for id, entry in self._ledger.record.resources.items() if step.id in entry.needs}
        return tuple(users - {step.id})

    def _remove(self, step: Step) -> Step | None:
        if step.action == "left" or step.entry is None:
            return None
        kind = KINDS.get(step.type)
        there = True
        if step.action == "delete" and kind is not None:
            with _refusals():
                # An apply that was cut off may have made it without coming to know its key.
                key = kind.find(self._site, step.entry.asked) if step.entry.key is None else step.entry.key
                there = key is not None and kind.read(self._site, key) is not None
                if key is not None:
                    kind.delete(self._site, key)
                    kind.settle(self._site, key)
        record = self._ledger.record
        if step.leftover:
            self._ledger.keep(record.without_leftover(step.id, step.entry))
        else:
            self._ledger.keep(record.with_entry(step.id, None))
        return None if there else msgspec.structs.replace(step, action="absent")


class _Refused(Exception):
    """What a service said to one step. ``taken``: there is one already."""

    def __init__(self, message: str, taken: bool) -> None:
        super().__init__(message)
        self.message = message
        self.taken = taken


class _refusals:
    """What a service refuses in the block fails its step; that nobody answers ends everything."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, EventyardError) and not isinstance(error, TryAgain):
            taken = isinstance(error, Conflict) or ("Exist" in error.code and "NotExist" not in error.code)
            raise _Refused(error.message, taken) from error
        if isinstance(error, MALFORMED):
            raise _Refused(malformed(error), False) from error
