"""Tags, which each service has three operations for, and its own names in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.stacks.parameters import convert
from eventyard.stacks.site import Site


class Tagging(msgspec.Struct, frozen=True):
    """``target``: the parameter that names what is tagged. ``tags``, ``keys``: the parameters of tags to set and of
    keys to remove. ``found``: the member of the answer with the tags."""

    service: str
    read_operation: str
    set_operation: str
    remove_operation: str
    target: str
    tags: str
    keys: str
    found: str

    def read(self, site: Site, target: str) -> dict[str, str]:
        found = site.call(self.service, self.read_operation, {self.target: target}).get(self.found) or {}
        tags = found if isinstance(found, Mapping) else {each["Key"]: each.get("Value", "") for each in found}
        # AWS sets some itself, which nobody can change or remove (Tagging AWS Resources user guide, "Tag naming").
        return {name: value for name, value in tags.items() if not name.startswith("aws:")}

    def bring(self, site: Site, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """From ``old`` to ``new``."""
        if removed := [name for name in old if name not in new]:
            site.call(self.service, self.remove_operation, {self.target: target, self.keys: removed})
        if added := {name: value for name, value in new.items() if old.get(name) != value}:
            shape: Any = site.shape(self.service, self.set_operation).members[self.tags]
            site.call(self.service, self.set_operation, {self.target: target, self.tags: convert(shape, added, "Tags")})


def _usual(service: str, target: str, tags: str = "Tags", keys: str = "TagKeys", found: str = "Tags") -> Tagging:
    return Tagging(service, "ListTagsForResource", "TagResource", "UntagResource", target, tags, keys, found)


TAGGING = {
    each.service: each
    for each in (
        _usual("events", "ResourceARN"),
        _usual("scheduler", "ResourceArn"),
        _usual("pipes", "resourceArn", "tags", "tagKeys", "tags"),
        _usual("schemas", "ResourceArn"),
        _usual("sns", "ResourceArn"),
        _usual("kinesis", "ResourceARN"),
        _usual("logs", "resourceArn", "tags", "tagKeys", "tags"),
        Tagging("sqs", "ListQueueTags", "TagQueue", "UntagQueue", "QueueUrl", "Tags", "TagKeys", "Tags"),
        Tagging("lambda", "ListTags", "TagResource", "UntagResource", "Resource", "Tags", "TagKeys", "Tags"),
        Tagging(
            "firehose",
            "ListTagsForDeliveryStream",
            "TagDeliveryStream",
            "UntagDeliveryStream",
            "DeliveryStreamName",
            "Tags",
            "TagKeys",
            "Tags",
        ),
    )
}
"""By service."""
