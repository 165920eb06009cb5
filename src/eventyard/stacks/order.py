"""The order of resources: what is referred to comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from eventyard.errors import InvalidRequest
from eventyard.resource import Resource, references


def needs_of(resource: Resource) -> tuple[str, ...]:
    """The ids of all that has to be there before ``resource``; what AWS itself provides (``AWS::Region``) aside."""
    referred = (each.resource for each in references(resource.properties) if not each.resource.startswith("AWS::"))
    return tuple(dict.fromkeys((*referred, *resource.after)))


def in_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """The ids so that each comes after its needs, otherwise as they are given; needs outside of it don't count.

    Raises InvalidRequest for a cycle, and names it."""
    sorter = TopologicalSorter({id: [each for each in some if each in needs] for id, some in needs.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        # graphlib tells a cycle from what is needed to what needs it.
        raise InvalidRequest(f"These need each other: {' -> '.join(reversed(error.args[1]))}.") from error
    found: dict[str, None] = {}
    for id in needs:
        waiting = [id]
        while waiting:
            missing = [each for each in needs[waiting[-1]] if each in needs and each not in found]
            if missing:
                waiting += reversed(missing)
            else:
                found[waiting.pop()] = None
    return list(found)
