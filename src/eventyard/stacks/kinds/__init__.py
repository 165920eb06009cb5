"""Every type of resource that a stack can have, by its name in CloudFormation."""

from __future__ import annotations

import difflib

from eventyard.stacks.kind import Kind
from eventyard.stacks.kinds import (
    events,
    functions,
    logs,
    own,
    pages,
    queues,
    roles,
    schedules,
    schemas,
    streams,
    topics,
)

KINDS: dict[str, Kind] = {
    kind.type: kind
    for module in (events, schedules, schemas, queues, topics, streams, functions, logs, roles, own, pages)
    for kind in module.KINDS
}


def nearest(type: str) -> str:
    """A hint for a type that there isn't."""
    near = difflib.get_close_matches(type, KINDS, 1, 0.7)
    return f"did you mean {near[0]}?" if near else "docs/apply.md lists the types."
