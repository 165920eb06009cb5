"""What is really there on a server or on AWS: which events were published, and which targets rules have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec

from eventyard.cli.pages import get
from eventyard.contracts.attribution import service_of
from eventyard.contracts.drift import Receiver, Seen

#: AWS makes rules of its own, for archives and pipes, that are nobody's subscription.
_MANAGED = "ManagedBy"


def seen(endpoint: str, bus: str, since: int | None, limit: int) -> tuple[list[Seen], bool]:
    """What was published on ``bus`` and is still kept there, and whether that is all of it."""
    query = {"bus": bus, "limit": str(limit)} | ({} if since is None else {"since": str(since)})
    with get(endpoint, "/_eventyard/observed", query) as answer:
        found = msgspec.json.decode(answer.read())
    return [msgspec.convert({"bus": bus, **each}, Seen) for each in found["events"]], found["complete"]


def receivers(
    events: Any,
    bus: str,
    services: Collection[str],
    owners: Mapping[str, str],
    delivered: Callable[[str, str], bool | None],
) -> Iterator[Receiver]:
    """Every target of every rule with a pattern. ``events``: a client of the EventBridge API. ``delivered``: whether
    the rule with an ARN ever delivered to its target with an id."""
    for rule in events.get_paginator("list_rules").paginate(EventBusName=bus).search("Rules[]"):
        if "EventPattern" not in rule or _MANAGED in rule:
            continue
        tags = {tag["Key"]: tag["Value"] for tag in events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]}
        pages = events.get_paginator("list_targets_by_rule").paginate(EventBusName=bus, Rule=rule["Name"])
        for target in pages.search("Targets[]"):
            yield Receiver(
                bus=bus,
                rule=rule["Name"],
                target=target["Arn"],
                pattern=rule["EventPattern"],
                enabled=rule["State"] != "DISABLED",
                service=service_of(target["Arn"], rule["Name"], tags, services, owners),
                delivered=delivered(rule["Arn"], target["Id"]),
            )


def ever_delivered(endpoint: str, bus: str, rule_arn: str, target: str) -> bool:
    """Whether the server remembers a delivery to a target of a rule."""
    query = {"bus": bus, "subscriber": f"{rule_arn}#{target}", "outcome": "delivered", "limit": "1"}
    with get(endpoint, "/_eventyard/fates", query) as answer:
        return bool(msgspec.json.decode(answer.read())["fates"])
