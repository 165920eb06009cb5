"""Operations on queues themselves: making, finding, describing, tagging, permissions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from eventyard.api.sqs.access import Access
from eventyard.api.sqs.address import url_of
from eventyard.errors import InvalidRequest
from eventyard.names import queue_arn
from eventyard.queues import Queues, with_permission, without_permission
from eventyard.wire import Caller, Handler

_PAGE = 1000


class QueueOperations:
    """Each method answers one operation."""

    def __init__(self, queues: Queues, access: Access) -> None:
        self._queues = queues
        self._access = access

    def operations(self) -> Mapping[str, Handler]:
        return {
            "AddPermission": self.add_permission,
            "CreateQueue": self.create,
            "DeleteQueue": self.delete,
            "GetQueueAttributes": self.get_attributes,
            "GetQueueUrl": self.get_url,
            "ListDeadLetterSourceQueues": self.list_sources,
            "ListQueueTags": self.list_tags,
            "ListQueues": self.list,
            "PurgeQueue": self.purge,
            "RemovePermission": self.remove_permission,
            "SetQueueAttributes": self.set_attributes,
            "TagQueue": self.tag,
            "UntagQueue": self.untag,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        queue = await self._queues.create(
            caller.account,
            caller.region,
            params["QueueName"],
            params.get("Attributes") or {},
            params.get("tags") or {},
        )
        return {"QueueUrl": url_of(queue, caller)}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._queues.delete(self._access.arn(caller, params, "DeleteQueue"))
        return {}

    async def get_url(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        account = params.get("QueueOwnerAWSAccountId") or caller.account
        arn = queue_arn(account, caller.region, params["QueueName"])
        self._access.check(caller, arn, "GetQueueUrl")
        return {"QueueUrl": url_of(self._queues.get(arn), caller)}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._queues.find(caller.account, caller.region, params.get("QueueNamePrefix") or "")
        urls, token = _page([url_of(queue, caller) for queue in found], params)
        return {"QueueUrls": urls or None, "NextToken": token}

    async def list_sources(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        sources = self._queues.dead_letter_sources(self._access.arn(caller, params, "ListDeadLetterSourceQueues"))
        urls, token = _page([url_of(queue, caller) for queue in sources], params)
        return {"queueUrls": urls, "NextToken": token}

    async def get_attributes(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        attributes = await self._queues.attributes(self._access.arn(caller, params, "GetQueueAttributes"))
        wanted = params.get("AttributeNames") or []
        for name in wanted:
            if name != "All" and name not in attributes and name not in _KNOWN:
                raise InvalidRequest(f"Unknown Attribute {name}.", "InvalidAttributeName")
        if "All" not in wanted:
            attributes = {name: value for name, value in attributes.items() if name in wanted}
        return {"Attributes": attributes or None}

    async def set_attributes(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._queues.set_attributes(self._access.arn(caller, params, "SetQueueAttributes"), params["Attributes"])
        return {}

    async def purge(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._queues.purge(self._access.arn(caller, params, "PurgeQueue"))
        return {}

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._queues.tag(self._access.arn(caller, params, "TagQueue"), params["Tags"])
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._queues.untag(self._access.arn(caller, params, "UntagQueue"), params["TagKeys"])
        return {}

    async def list_tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": self._queues.get(self._access.arn(caller, params, "ListQueueTags")).tags or None}

    async def add_permission(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Keep the permission as a statement of the queue's policy."""
        arn = self._access.arn(caller, params, "AddPermission")
        label, accounts, actions = params["Label"], params["AWSAccountIds"], params["Actions"]
        await self._queues.edit_policy(arn, lambda text: with_permission(text, arn, label, accounts, actions))
        return {}

    async def remove_permission(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = self._access.arn(caller, params, "RemovePermission")
        await self._queues.edit_policy(arn, lambda text: without_permission(text, arn, params["Label"]))
        return {}


# What can be asked for although a queue need not have it.
_KNOWN = frozenset(
    {
        "Policy",
        "RedrivePolicy",
        "RedriveAllowPolicy",
        "FifoQueue",
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "FifoThroughputLimit",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
    }
)


def _page(urls: list[str], params: dict[str, Any]) -> tuple[list[str], str | None]:
    """The URLs that MaxResults and NextToken ask for, and the next token; without MaxResults the first 1,000."""
    most = params.get("MaxResults")
    if most is not None and not 1 <= most <= _PAGE:
        raise InvalidRequest(
            f"Value {most} for parameter MaxResults is invalid. Reason: Must be an integer from 1 to {_PAGE}.",
            "InvalidParameterValue",
        )
    start = 0
    if params.get("NextToken"):
        try:
            start = int(base64.b64decode(params["NextToken"], validate=True))
        except (ValueError, binascii.Error) as error:
            raise InvalidRequest("Invalid or expired next token.", "InvalidParameterValue") from error
    size = most or _PAGE
    rest = start + size < len(urls)
    # Without MaxResults SQS cuts the list off and gives no token (API reference, ListQueues).
    token = base64.b64encode(str(start + size).encode()).decode() if rest and most is not None else None
    return urls[start : start + size], token
