"""Operations on subscriptions: subscribing, confirming, listing, changing, ending.

Source: SNS API reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.api.sns.access import Access
from eventyard.api.sns.address import check_subscription_arn, check_topic_arn, page_of
from eventyard.errors import Forbidden
from eventyard.topics import HTTP, Subscription, Topics, effective
from eventyard.topics.refusals import invalid
from eventyard.wire import Caller, Handler

#: The password in a URL, which lists don't show to everybody.
_PASSWORD = re.compile("^([a-z]+://[^/?#@:]*:)[^/?#]*@")


class SubscriptionOperations:
    """Each method answers one operation."""

    def __init__(self, topics: Topics, access: Access) -> None:
        self._topics = topics
        self._subscriptions = topics.subscriptions
        self._access = access

    def operations(self) -> Mapping[str, Handler]:
        return {
            "ConfirmSubscription": self.confirm,
            "GetSubscriptionAttributes": self.get_attributes,
            "ListSubscriptions": self.list,
            "ListSubscriptionsByTopic": self.list_by_topic,
            "SetSubscriptionAttributes": self.set_attributes,
            "Subscribe": self.subscribe,
            "Unsubscribe": self.unsubscribe,
        }

    async def subscribe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        topic = self._access.topic(caller, "Subscribe", check_topic_arn("TopicArn", params["TopicArn"]))
        subscription = await self._subscriptions.subscribe(
            topic.arn,
            params["Protocol"],
            params.get("Endpoint") or "",
            params.get("Attributes") or {},
            caller.account,
            caller.endpoint,
        )
        if subscription.token is not None and not params.get("ReturnSubscriptionArn"):
            return {"SubscriptionArn": "pending confirmation"}
        return {"SubscriptionArn": subscription.arn}

    async def confirm(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Whoever has the token may confirm; asking for authentication on unsubscribing makes it theirs alone."""
        lock = (params.get("AuthenticateOnUnsubscribe") or "false").lower()
        if lock not in ("true", "false"):
            raise invalid("AuthenticateOnUnsubscribe")
        arn = check_topic_arn("TopicArn", params["TopicArn"])
        locked = lock == "true"
        if locked and not caller.account:
            raise Forbidden("AuthenticateOnUnsubscribe needs a signed request.", "AuthorizationError")
        subscription = await self._subscriptions.confirm(arn, params["Token"], locked, locked)
        return {"SubscriptionArn": subscription.arn}

    async def unsubscribe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = check_subscription_arn(params["SubscriptionArn"])
        await self._subscriptions.unsubscribe(arn, caller.account)
        return {}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _listed(self._subscriptions.of_account(caller.account, caller.region), params, "subscriptions")

    async def list_by_topic(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = check_topic_arn("TopicArn", params["TopicArn"])
        self._access.topic(caller, "ListSubscriptionsByTopic", arn)
        return _listed(self._subscriptions.of_topic(arn), params, arn)

    async def get_attributes(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._own(caller, "GetSubscriptionAttributes", params)
        attributes = {
            "SubscriptionArn": found.arn,
            "TopicArn": found.topic,
            "Protocol": found.protocol,
            "Endpoint": found.endpoint,
            "Owner": found.owner,
            "SubscriptionPrincipal": f"arn:aws:iam::{found.owner}:root",
            "ConfirmationWasAuthenticated": _word(found.token is None and found.authenticated),
            "PendingConfirmation": _word(found.token is not None),
            "RawMessageDelivery": "false",
        }
        if "FilterPolicy" in found.attributes:
            attributes["FilterPolicyScope"] = "MessageAttributes"
        status = self._subscriptions.replay_status(found)
        if status is not None:
            attributes["ReplayStatus"] = status
        if found.protocol in HTTP:
            of_topic = self._topics.get(found.topic).attributes.get("DeliveryPolicy")
            policy = effective(of_topic, found.attributes.get("DeliveryPolicy"))
            attributes["EffectiveDeliveryPolicy"] = json.dumps(policy.document, separators=(",", ":"))
        return {"Attributes": attributes | found.attributes}

    async def set_attributes(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._own(caller, "SetSubscriptionAttributes", params)
        await self._subscriptions.set_attribute(found.arn, params["AttributeName"], params.get("AttributeValue") or "")
        return {}

    def _own(self, caller: Caller, action: str, params: dict[str, Any]) -> Subscription:
        """The subscription that is meant. Raises NotFound, and Forbidden for who owns neither it nor its topic."""
        found = self._subscriptions.get(check_subscription_arn(params["SubscriptionArn"]))
        if caller.account not in (found.owner, self._topics.get(found.topic).account):
            raise Forbidden(
                f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: SNS:{action} on resource: "
                f"{found.arn}",
                "AuthorizationError",
            )
        return found


def _listed(found: Sequence[Subscription], params: dict[str, Any], listing: str) -> dict[str, Any]:
    shown, token = page_of(found, lambda subscription: subscription.arn, params, listing)
    return {
        "Subscriptions": [
            {
                "SubscriptionArn": one.arn if one.token is None else "PendingConfirmation",
                "Owner": one.owner,
                "Protocol": one.protocol,
                "Endpoint": _PASSWORD.sub(r"\1****@", one.endpoint) if one.protocol in HTTP else one.endpoint,
                "TopicArn": one.topic,
            }
            for one in shown
        ],
        "NextToken": token,
    }


def _word(value: bool) -> str:
    return "true" if value else "false"
