"""Operations on topics themselves: making, finding, describing, tagging, permissions.

Source: SNS API reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from eventyard.api.sns.access import Access
from eventyard.api.sns.address import check_topic_arn, page_of
from eventyard.errors import NotFound
from eventyard.topics import Topic, Topics, effective_document, iso_millis
from eventyard.topics.refusals import invalid
from eventyard.wire import Caller, Handler

#: What a topic's policy may allow, as AddPermission names it.
_ACTIONS = frozenset(
    {
        "AddPermission",
        "DeleteTopic",
        "GetDataProtectionPolicy",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "Publish",
        "PutDataProtectionPolicy",
        "RemovePermission",
        "SetTopicAttributes",
        "Subscribe",
    }
)


class TopicOperations:
    """Each method answers one operation."""

    def __init__(self, topics: Topics, access: Access) -> None:
        self._topics = topics
        self._access = access

    def operations(self) -> Mapping[str, Handler]:
        return {
            "AddPermission": self.add_permission,
            "CreateTopic": self.create,
            "DeleteTopic": self.delete,
            "GetDataProtectionPolicy": self.get_data_protection,
            "GetTopicAttributes": self.get_attributes,
            "ListTagsForResource": self.list_tags,
            "ListTopics": self.list,
            "PutDataProtectionPolicy": self.put_data_protection,
            "RemovePermission": self.remove_permission,
            "SetTopicAttributes": self.set_attributes,
            "TagResource": self.tag,
            "UntagResource": self.untag,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        topic = await self._topics.create(
            caller.account,
            caller.region,
            params["Name"],
            params.get("Attributes") or {},
            _tags(params.get("Tags") or []),
            params.get("DataProtectionPolicy"),
        )
        return {"TopicArn": topic.arn}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = check_topic_arn("TopicArn", params["TopicArn"])
        try:
            self._access.topic(caller, "DeleteTopic", arn)
        except NotFound:
            return {}  # deleting what is gone succeeds (API reference, DeleteTopic)
        await self._topics.delete(arn)
        return {}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._topics.find(caller.account, caller.region)
        shown, token = page_of(found, lambda topic: topic.arn, params, "topics")
        return {"Topics": [{"TopicArn": topic.arn} for topic in shown], "NextToken": token}

    async def get_attributes(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        topic = self._topic(caller, "GetTopicAttributes", params)
        subscriptions = self._topics.subscriptions.of_topic(topic.arn)
        pending = sum(subscription.token is not None for subscription in subscriptions)
        attributes = {
            "TopicArn": topic.arn,
            "Owner": topic.account,
            "DisplayName": "",
            "Policy": _default_policy(topic),
            "EffectiveDeliveryPolicy": _compact(effective_document(topic.attributes.get("DeliveryPolicy"))),
            "SubscriptionsPending": str(pending),
            "SubscriptionsConfirmed": str(len(subscriptions) - pending),
            "SubscriptionsDeleted": "0",  # a deleted subscription is gone at once
        }
        begins = self._topics.archive_begins(topic)
        if begins is not None:
            attributes["BeginningArchiveTime"] = iso_millis(begins)
        if topic.fifo:
            attributes |= {"FifoTopic": "true", "ContentBasedDeduplication": "false", "FifoThroughputScope": "Topic"}
        return {"Attributes": attributes | topic.attributes}

    async def set_attributes(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        topic = self._topic(caller, "SetTopicAttributes", params)
        await self._topics.set_attribute(topic.arn, params["AttributeName"], params.get("AttributeValue") or "")
        return {}

    async def add_permission(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Keep the permission as a statement of the topic's policy."""
        topic = self._topic(caller, "AddPermission", params)
        label, accounts, actions = params["Label"], params["AWSAccountId"], params["ActionName"]
        if not accounts:
            raise invalid("AWSAccountId")
        if not actions or not set(actions) <= _ACTIONS | {"*"}:
            raise invalid("Policy statement action out of service scope!")
        policy = _policy(topic)
        if any(statement.get("Sid") == label for statement in policy["Statement"]):
            raise invalid("Statement already exists")
        names = [f"arn:aws:iam::{account}:root" for account in accounts]
        wanted = [f"SNS:{action}" for action in actions]
        policy["Statement"].append(
            {
                "Sid": label,
                "Effect": "Allow",
                "Principal": {"AWS": names[0] if len(names) == 1 else names},
                "Action": wanted[0] if len(wanted) == 1 else wanted,
                "Resource": topic.arn,
            }
        )
        await self._topics.set_attribute(topic.arn, "Policy", _compact(policy))
        return {}

    async def remove_permission(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Take the statements of that label out of the policy; if there are none nothing changes."""
        topic = self._topic(caller, "RemovePermission", params)
        policy = _policy(topic)
        kept = [statement for statement in policy["Statement"] if statement.get("Sid") != params["Label"]]
        if len(kept) != len(policy["Statement"]):
            policy["Statement"] = kept
            await self._topics.set_attribute(topic.arn, "Policy", _compact(policy) if kept else "")
        return {}

    async def get_data_protection(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = check_topic_arn("ResourceArn", params["ResourceArn"])
        topic = self._access.topic(caller, "GetDataProtectionPolicy", arn)
        return {"DataProtectionPolicy": topic.data_protection or ""}

    async def put_data_protection(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = check_topic_arn("ResourceArn", params["ResourceArn"])
        self._access.topic(caller, "PutDataProtectionPolicy", arn)
        await self._topics.set_data_protection(arn, params["DataProtectionPolicy"])
        return {}

    async def list_tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        topic = self._resource(caller, "ListTagsForResource", params)
        return {"Tags": [{"Key": key, "Value": value} for key, value in topic.tags.items()]}

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        topic = self._resource(caller, "TagResource", params)
        await self._topics.tag(topic.arn, _tags(params["Tags"]))
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        topic = self._resource(caller, "UntagResource", params)
        await self._topics.tag(topic.arn, {}, params["TagKeys"])
        return {}

    def _topic(self, caller: Caller, action: str, params: dict[str, Any]) -> Topic:
        return self._access.topic(caller, action, check_topic_arn("TopicArn", params["TopicArn"]))

    def _resource(self, caller: Caller, action: str, params: dict[str, Any]) -> Topic:
        arn = check_topic_arn("ResourceArn", params["ResourceArn"])
        try:
            return self._access.topic(caller, action, arn)
        except NotFound as error:
            raise NotFound("Resource does not exist", "ResourceNotFound") from error


def _tags(given: list[dict[str, str]]) -> dict[str, str]:
    tags = {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) != len(given):
        raise invalid("Tags Reason: Duplicated keys are not allowed.")
    return tags


def _policy(topic: Topic) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(topic.attributes.get("Policy") or _default_policy(topic))
    statements = policy.get("Statement", [])
    policy["Statement"] = statements if isinstance(statements, list) else [statements]
    return policy


def _default_policy(topic: Topic) -> str:
    """Only the owner (API reference, CreateTopic, "Policy")."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _DEFAULT_ACTIONS],
        "Resource": topic.arn,
        "Condition": {"StringEquals": {"AWS:SourceAccount": topic.account}},
    }
    return _compact({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


#: In SNS's order.
_DEFAULT_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))
