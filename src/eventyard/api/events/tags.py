"""Tags of rules and buses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.api.events.limits import Limits
from eventyard.api.events.managed import RuleBook, refuse_managed
from eventyard.bus.directory import Directory
from eventyard.errors import InvalidRequest, LimitExceeded, NotFound
from eventyard.names import Arn, rule_place
from eventyard.wire import Caller, Handler


def tags_of(params: dict[str, Any], most: int) -> dict[str, str]:
    """The tags in ``Tags``.

    Raises:
        InvalidRequest: a key twice, or one that is reserved.
        LimitExceeded: more than ``most``.
    """
    tags: dict[str, str] = {}
    for tag in params.get("Tags") or ():
        if tag["Key"].lower().startswith("aws:"):
            raise InvalidRequest("Tag keys beginning with 'aws:' are reserved for system use.")
        if tag["Key"] in tags:
            raise InvalidRequest(f"Tag key {tag['Key']} is given more than once.")
        tags[tag["Key"]] = tag["Value"]
    if len(tags) > most:
        raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
    return tags


class Tags:
    """The operations on tags."""

    def __init__(self, directory: Directory, book: RuleBook, limits: Limits) -> None:
        self._directory = directory
        self._book = book
        self._limits = limits

    def operations(self) -> dict[str, Handler]:
        return {
            "ListTagsForResource": self.list,
            "TagResource": self.tag,
            "UntagResource": self.untag,
        }

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        tags = self._find(params["ResourceARN"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = params["ResourceARN"]
        self._find(arn)
        self._refuse_managed(arn)
        await self._directory.tag(arn, tags_of(params, self._limits.tags), most=self._limits.tags)
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = params["ResourceARN"]
        self._find(arn)
        self._refuse_managed(arn)
        await self._directory.untag(arn, params["TagKeys"])
        return {}

    def _refuse_managed(self, arn: str) -> None:
        place = rule_place(arn)
        refuse_managed(None if place is None else self._book.rule(*place))

    def _find(self, text: str) -> Mapping[str, str]:
        """The tags of what the ARN ``text`` names. Raises InvalidRequest or NotFound."""
        arn = Arn.parse(text)
        if arn is None or arn.service != "events" or not arn.resource.startswith(("rule/", "event-bus/")):
            raise InvalidRequest(f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format.")
        tags = self._book.tags(text)
        if tags is None:
            kind, _, name = arn.resource.partition("/")
            if kind == "event-bus":
                raise NotFound(f"Event bus {name} does not exist.")
            bus, _, rule = name.rpartition("/")
            raise NotFound(f"Rule {rule} does not exist on EventBus {bus or 'default'}.")
        return tags
