"""Plans, and how they are carried out, for people."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import Console
from rich.status import Status
from rich.text import Text

from eventyard.contract import Finding
from eventyard.stacks import SEAL, UNKNOWN, Change, Drift, Outcome, Plan, Step, identical

_MARKS = {
    "create": ("+", "green"),
    "adopt": ("»", "cyan"),
    "change": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "left": ("·", "dim"),
    "kept": ("·", "dim"),
}
_SUMS = (
    ("create", "to create", "green"),
    ("adopt", "to adopt", "cyan"),
    ("change", "to change", "yellow"),
    ("replace", "to replace", "magenta"),
    ("delete", "to delete", "red"),
    ("kept", "to let go", "dim"),
)
_DID = {
    "create": "created", "adopt": "adopted", "change": "changed", "replace": "replaced", "delete": "deleted",
    "kept": "let go", "absent": "was not there",
}  # fmt: skip
_SUMMED = {"absent": "not there any more"}
#: Of a value, and of the column of ids.
_LONGEST, _WIDEST = 100, 44
#: Of a long text, what is shown before the first difference.
_BEFORE = 30
_NOTHING = object()


class View:
    """``detailed``: with every property of what is new. ``destroying``: a whole stack is deleted."""

    def __init__(self, detailed: bool = False, destroying: bool = False) -> None:
        self._destroying = destroying
        self._console = Console(highlight=False, soft_wrap=True)
        self._detailed = detailed
        self._going: Status | None = None
        self._width = 0

    def findings(self, found: tuple[Finding, ...]) -> None:
        for finding in found:
            place = f"{finding.path}:{finding.line}:{finding.column}"
            colour = "bold red" if finding.severity == "error" else "yellow"
            head = Text.assemble((place, "bold"), ": ", (finding.severity, colour), f": {finding.message} ", "[")
            self._console.print(head.append(finding.rule, "cyan").append("]"))
            for line in finding.fix:
                self._console.print(Text(line, "green"))

    def plan(self, plan: Plan, where: str) -> None:
        self._console.print(Text.assemble("Stack ", (plan.stack.name, "bold"), f" at {where}"))
        if plan.drift:
            self._console.print(Text("\nChanged outside this stack", "bold yellow"))
            for drift in plan.drift:
                self.drift(drift)
        shown = [step for step in plan.steps if step.action != "nothing"]
        self._width = min(max((len(step.id) for step in shown), default=0), _WIDEST)
        if shown:
            self._console.print()
        for step in shown:
            self._step(step)
        self._sum(plan)

    def drift(self, drift: Drift) -> None:
        if not drift.changes:
            self._console.print(Text.assemble("  ! ", (drift.id, "bold"), f"  {drift.type}  was deleted"))
            return
        self._console.print(Text.assemble("  ! ", (drift.id, "bold"), ("  " + drift.type, "dim")))
        for change in drift.changes:
            for path, before, after in leaves(change.name, change.before, change.after):
                self._console.print(Text.assemble("      ", path, ": ", *_arrow(before, after)))

    def asked(self) -> bool:
        """Whether the user says yes."""
        return (
            self._console.input(
                f"\n{'Delete' if self._destroying else 'Apply'} this? Only [bold]yes[/bold] does: "
            ).strip()
            == "yes"
        )

    def tell(self, step: Step, event: str, detail: str) -> None:
        """One line for each step as it ends, and the one that is being done, if there is a terminal."""
        self.rest()
        if event == "start":
            if self._console.is_terminal:
                self._going = self._console.status(f"{step.id}  {step.type}")
                self._going.start()
            return
        mark, colour = {"done": ("✓", "green"), "failed": ("✗", "bold red"), "skipped": ("○", "yellow")}[event]
        did = _DID.get(step.action, "")
        line = Text.assemble("  ", (mark, colour), " ", *self._what(step), "  ")
        did = f"the old one {did}" if step.leftover else did
        line.append({"done": did, "failed": "failed", "skipped": f"skipped {detail}"}[event], colour)
        self._console.print(line)
        if event == "failed":
            self._console.print(Text.assemble("    ", (_place(step), "bold"), f": {detail}"))

    def rest(self) -> None:
        """Show nothing as being done any more."""
        if self._going is not None:
            self._going.stop()
            self._going = None

    def outcome(self, outcome: Outcome) -> None:
        counts = Counter[str](step.action for step in outcome.done)
        told = [f"{counts[name]} {_SUMMED.get(name, did)}" for name, did in _DID.items() if counts[name]]
        if outcome.well and told:
            self._console.print(Text(f"\nDone: {', '.join(told)}.", "bold green"))
        elif not outcome.well:
            failed = f"{len(outcome.failed)} failed" + (f", {len(outcome.skipped)} skipped" if outcome.skipped else "")
            again = "Destroy it again" if self._destroying else "Mend it and apply again"
            said = f"\nNot done: {', '.join([failed, *told])}. {again}: it goes on from here."
            self._console.print(Text(said, "bold red"))
        for name, value in outcome.outputs.items():
            self._console.print(Text.assemble("  ", (name, "bold"), f" = {_shown(value)}"))

    def say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style))

    def _step(self, step: Step) -> None:
        mark, colour = _MARKS[step.action]
        line = Text.assemble("  ", (mark, f"bold {colour}"), " ", *self._what(step))
        if step.name not in step.id:
            line.append(f"  {step.name}")
        note = {"left": "no longer wanted, left alone (--prune deletes it)", "kept": "no longer wanted, kept"}
        if why := step.why or note.get(step.action, ""):
            line.append(f"  ({why})", "italic")
        self._console.print(line)
        if step.action in ("create", "delete") and not self._detailed:
            return
        for change in step.changes:
            self._change(change, new=step.action == "create" or not step.before)

    def _what(self, step: Step) -> tuple[tuple[str, str], tuple[str, str]]:
        """A step's id and type, in columns."""
        return (step.id.ljust(self._width), "bold"), ("  " + step.type, "dim")

    def _change(self, change: Change, new: bool) -> None:
        for path, before, after in leaves(change.name, change.before, change.after):
            parts = [_value(after)] if new else _arrow(before, after)
            forces = ("  needs a replacement", "magenta") if change.replaces else ""
            self._console.print(Text.assemble("      ", path, ": ", *parts, forces))

    def _sum(self, plan: Plan) -> None:
        counts = Counter[str](step.action for step in plan.steps)
        if not plan.changing:
            self._console.print(Text(f"\nNothing to do: {_number(counts['nothing'])} as wanted.", "bold green"))
        else:
            parts = [(f"{counts[name]} {words}", colour) for name, words, colour in _SUMS if counts[name]]
            line = Text("\nPlan: ")
            for index, part in enumerate(parts):
                line.append(", " if index else "").append(*part)
            self._console.print(line.append(f"; {counts['nothing']} as wanted." if counts["nothing"] else "."))
        if counts["left"]:
            self._console.print(Text(f"{_number(counts['left'])} no longer wanted, left alone.", "dim"))


def as_json(plan: Plan, outcome: Outcome | None = None) -> dict[str, Any]:
    """The plan, and what became of it, for programs."""
    found: dict[str, Any] = {
        "stack": plan.stack.name,
        "steps": [
            {"action": step.action, "id": step.id, "type": step.type, "name": step.name, "why": step.why}
            | {"place": _place(step), "changes": [_change_json(each) for each in step.changes]}
            for step in plan.steps
        ],
        "drift": [
            {"id": each.id, "type": each.type, "deleted": not each.changes}
            | {"changes": [_change_json(change) for change in each.changes]}
            for each in plan.drift
        ],
        "findings": [msgspec.to_builtins(each) for each in plan.findings],
        "changes": plan.changing,
    }
    if outcome is not None:
        found["outcome"] = {
            "done": [step.id for step in outcome.done],
            "failed": dict(outcome.failed),
            "skipped": list(outcome.skipped),
            "outputs": dict(outcome.outputs),
        }
    return found


def leaves(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """What differs, as far down as it does."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from leaves(f"{path}.{name}", before.get(name, _NOTHING), after.get(name, _NOTHING))
    elif isinstance(after, dict) and before in (None, _NOTHING) and 0 < len(after) <= 12:
        for name, value in after.items():
            yield from leaves(f"{path}.{name}", _NOTHING, value)
    elif not identical(before, after):
        yield path, before, after


def _change_json(change: Change) -> dict[str, Any]:
    return {"property": change.name, "before": _json(change.before), "after": _json(change.after)} | (
        {"replaces": True} if change.replaces else {}
    )


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, str) and value.startswith(SEAL):
        return "(secret)"
    return repr(value) if value is UNKNOWN else value


def _arrow(before: Any, after: Any) -> list[tuple[str, str]]:
    old, new = _whole(before), _whole(after)
    if old == new:
        # Two things that look alike, such as 1 and "1"; secrets stay what they are.
        old, new = (text if "(secret)" in text else _encoded(each) for text, each in ((old, before), (new, after)))
    # What two long texts begin with alike says nothing of the change.
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    same = sum(1 for _ in alike)
    first = max(same - _BEFORE, 0) if max(len(old), len(new)) > _LONGEST else 0
    return [
        (_cut(old, first), "dim" if before is UNKNOWN else "red"), (" → ", "dim"),
        (_cut(new, first), "dim" if after is UNKNOWN else "green"),
    ]  # fmt: skip


def _value(value: Any) -> tuple[str, str]:
    return _shown(value), "dim" if value is UNKNOWN else ""


def _shown(value: Any) -> str:
    return _cut(_whole(value))


def _whole(value: Any) -> str:
    if value is None or value is _NOTHING:
        return "(nothing)"
    given = _json(value)
    return given if isinstance(given, str) and given else _encoded(value)


def _encoded(value: Any) -> str:
    return "(nothing)" if value is _NOTHING else msgspec.json.encode(_json(value)).decode()


def _cut(text: str, first: int = 0) -> str:
    end = first + _LONGEST
    return f"{'…' if first else ''}{text[first:end]}{'…' if len(text) > end else ''}"


def _place(step: Step) -> str:
    path, line, column = step.place
    return f"{path}:{line}:{column}"


def _number(count: int) -> str:
    return f"{count} resource{'s' * (count != 1)}"
