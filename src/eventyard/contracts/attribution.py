"""Which service a target of a rule belongs to: as the repository says, by a tag of the rule, or by a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

#: The tags of a rule that may name a service, the first that is there counts.
TAGS = ("eventyard:service", "service")
_PARTS = re.compile(r"[^a-z0-9]+")


def service_of(
    target: str, rule: str, tags: Mapping[str, str], services: Collection[str], owners: Mapping[str, str]
) -> str | None:
    """The service behind the ARN ``target`` of the rule named ``rule``; None if nothing tells.

    ``owners``: services by patterns of ARNs with ``*``, which count first. Then comes a tag of the rule; then the name
    of the target, and then that of the rule, if it is a service's name or begins with it (``logistics-events``); of
    several, the longest."""
    for pattern, service in owners.items():
        if fnmatchcase(target, pattern):
            return service
    for tag in TAGS:
        if tag in tags:
            return tags[tag]
    return _begins(_name(target), services) or _begins(rule, services)


def _name(arn: str) -> str:
    """What a resource is called: the last part of its ARN that people choose."""
    resource = arn.split(":", 5)[-1]
    if ":api-destination/" in arn:  # api-destination/NAME/ID
        return resource.split("/")[1]
    return resource.rpartition(":")[2].rpartition("/")[2]


def _begins(name: str, services: Collection[str]) -> str | None:
    words = _words(name)
    found = [service for service in services if words[: len(_words(service))] == _words(service)]
    return max(found, key=len, default=None)


def _words(name: str) -> list[str]:
    return [word for word in _PARTS.split(name.lower()) if word]
