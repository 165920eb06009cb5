"""Keys of an event at the wrong depth, and how the lines should be: the mistake that YAML makes easiest.

    events:
      - eventBridge:
        eventBus: orders        # stands beside eventBridge, not in it

YAML reads it without complaint, and Serverless Framework makes a rule of nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eventyard.templates.findings import Findings
from eventyard.templates.serverless.shapes import EVENTS
from eventyard.templates.tree import Entry, Fields, Items, Node, Scalar

#: What stands in a pattern; beside `pattern` it does nothing.
IN_PATTERNS = ("account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version")


def beside(item: Fields, lines: Mapping[str, Sequence[str]], findings: Findings) -> bool:
    """Whether an event is there without anything in it and its keys stand beside it; if so, that is a finding."""
    for name, entry in item.entries.items():
        around = {key: one for key, one in item.entries.items() if key != name}
        if name in EVENTS and _empty(entry.node) and around and all(key in EVENTS[name]["fields"] for key in around):
            _find(name, list(around.items()), lines, findings)
            return True
    return False


def behind(items: Items, at: int, lines: Mapping[str, Sequence[str]], findings: Findings) -> int:
    """How many of the items behind an event without anything in it are its keys, each with a dash of its own."""
    name = _bare(items.items[at])
    if name is None:
        return 0
    found: list[tuple[str, Entry]] = []
    count = 0
    for one in items.items[at + 1 :]:
        if not isinstance(one, Fields) or not all(key in EVENTS[name]["fields"] for key in one.entries):
            break
        if any(key in EVENTS for key in one.entries):
            break
        found += one.entries.items()
        count += 1
    if found:
        _find(name, found, lines, findings)
    return count


def above(function: Fields, lines: Mapping[str, Sequence[str]], findings: Findings) -> list[str]:
    """The keys of a function that are those of its last event, which has nothing in it."""
    events = function.get("events")
    name = _bare(events.items[-1]) if isinstance(events, Items) and events.items else None
    if name is None:
        return []
    own = EVENTS[name]["fields"]
    names = list(function.entries)
    found = [(key, function.entries[key]) for key in names[names.index("events") + 1 :] if key in own]
    if found:
        _find(name, found, lines, findings)
    return [key for key, _ in found]


def outside(event: Fields, lines: Mapping[str, Sequence[str]], findings: Findings) -> bool:
    """Whether keys of a pattern stand beside ``pattern`` in an eventBridge event; if so, that is a finding."""
    found = [(key, entry) for key, entry in event.entries.items() if key in IN_PATTERNS]
    if found:
        names = ", ".join(key for key, _ in found)
        moved = [f"  {line}" for line in _fixed("pattern", [one for _, one in found], lines)[1:]]
        pattern = event.entries.get("pattern")
        others = [one for key, one in event.entries.items() if key not in (*IN_PATTERNS, "pattern")]
        around = _fixed("eventBridge", others, lines)
        said = ["    pattern:"] if pattern is None else _fixed("eventBridge", [pattern], lines)[1:]
        inline = pattern is not None and pattern.node.place[1] == pattern.place[1] and not _empty(pattern.node)
        message = f"{names} belong in pattern. " + ("Move them into it." if inline else "Indent what belongs to it:")
        findings.error(found[0][1].place, "wrong-depth", message, [] if inline else [*around, *said, *moved])
    return bool(found)


def _bare(item: Node) -> str | None:
    """The name of an event without anything in it: ``- eventBridge:``, or even ``- eventBridge``."""
    if isinstance(item, Scalar) and item.text in EVENTS:
        return item.text
    only = item.only() if isinstance(item, Fields) else None
    return only[0] if only and only[0] in EVENTS and _empty(only[1].node) else None


def _empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _find(name: str, found: list[tuple[str, Entry]], lines: Mapping[str, Sequence[str]], findings: Findings) -> None:
    names = ", ".join(key for key, _ in found)
    verb = "stands" if len(found) == 1 else "stand"
    message = f"{names} {verb} beside {name}, not in it, so that it says nothing. Indent what belongs to it:"
    findings.error(found[0][1].place, "wrong-depth", message, _fixed(name, [one for _, one in found], lines))


def _fixed(name: str, entries: list[Entry], lines: Mapping[str, Sequence[str]]) -> list[str]:
    """The lines of the event as they should be, as they were written but for the depth."""
    fixed = [f"- {name}:"]
    for entry in entries:
        path, line, column = entry.place
        written = lines.get(path, ())
        if line > len(written):
            continue
        fixed.append("    " + written[line - 1][column - 1 :].rstrip())
        for below in written[line:]:
            indent = len(below) - len(below.lstrip(" "))
            if below.strip() and indent < column and not (indent == column - 1 and below.lstrip().startswith("- ")):
                break
            if below.strip() and indent == column - 1 and not _continues(entry.node, below):
                break
            if below.strip():
                fixed.append("    " + below[column - 1 :].rstrip())
    return fixed[:60]


def _continues(node: Node, line: str) -> bool:
    """Whether a line that begins with a dash at the depth of its key is an item of the key's list."""
    return isinstance(node, Items) and line.lstrip().startswith("- ")
