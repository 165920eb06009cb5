"""SNS's types: ``AWS::SNS::*``."""

from __future__ import annotations

from typing import Any

from eventyard.contract.finding import Place
from eventyard.errors import NotFound
from eventyard.stacks.kind import Key, Kind, Properties, fit
from eventyard.stacks.kinds.policies import PolicyKind
from eventyard.stacks.parameters import convert, text
from eventyard.stacks.site import Site
from eventyard.stacks.values import alike, canonical

_SNS = "sns"
_FIFO_ONLY = ("ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy")
#: Attributes by property, with what they are without being said.
_TOPIC: dict[str, Any] = {
    "DisplayName": "",
    "KmsMasterKeyId": "",
    "ContentBasedDeduplication": False,
    "ArchivePolicy": {},
    "TracingConfig": "PassThrough",
    "SignatureVersion": "1",
    "FifoThroughputScope": "Topic",
}
_SUBSCRIPTION: dict[str, Any] = {
    "FilterPolicy": {},
    "FilterPolicyScope": "MessageAttributes",
    "DeliveryPolicy": {},
    "RawMessageDelivery": False,
    "RedrivePolicy": {},
    "ReplayPolicy": {},
    "SubscriptionRoleArn": "",
}


class _Topic(Kind):
    """``Subscription``: a short way to subscribe; what others subscribe is none of its business."""

    def known(self, site: Site) -> set[str]:
        return {"TopicName", "FifoTopic", "Subscription", "DataProtectionPolicy", "Tags", *_TOPIC}

    def complete(self, site: Site, stack: str, id: str, given: Properties, place: Place) -> dict[str, Any]:
        if "TopicName" in given:
            return dict(given)
        fifo = canonical(given.get("FifoTopic")) == "true"
        name = fit(f"{stack}-{id}", 251)
        return {"TopicName": f"{name}.fifo" if fifo else name, **given}

    def key_of(self, wanted: Properties) -> Key | None:
        return None

    def find(self, site: Site, wanted: Properties) -> Key | None:
        name = wanted.get("TopicName")
        return {"TopicArn": f"arn:aws:sns:{site.region}:{site.account}:{name}"} if isinstance(name, str) else None

    def foreseen(self, wanted: Properties) -> dict[str, Any]:
        return {"TopicName": wanted["TopicName"]} if isinstance(wanted.get("TopicName"), str) else {}

    def describe(self, site: Site, key: Key) -> dict[str, Any]:
        found = site.call(_SNS, self._read, key)["Attributes"]
        answer = site.call(_SNS, "GetDataProtectionPolicy", {"ResourceArn": key["TopicArn"]})
        policy = answer.get("DataProtectionPolicy") or None
        return {**found, "TopicName": found["TopicArn"].rpartition(":")[2], "DataProtectionPolicy": policy}

    def create(self, site: Site, wanted: Properties) -> Key:
        given = {name: text(wanted[name]) for name in _TOPIC if name in wanted}
        if canonical(wanted.get("FifoTopic")) == "true":
            given["FifoTopic"] = "true"
        asked: dict[str, Any] = {"Name": str(wanted["TopicName"]), "Attributes": given}
        if wanted.get("Tags"):
            asked["Tags"] = convert(site.shape(_SNS, self._create).members["Tags"], wanted["Tags"], "Tags")
        if wanted.get("DataProtectionPolicy"):
            asked["DataProtectionPolicy"] = text(wanted["DataProtectionPolicy"])
        key = {"TopicArn": site.call(_SNS, self._create, asked)["TopicArn"]}
        for protocol, endpoint in _subscriptions(wanted):
            site.call(_SNS, "Subscribe", {**key, "Protocol": protocol, "Endpoint": endpoint})
        return key

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        fifo = canonical(wanted.get("FifoTopic")) == "true"
        usual = {name: value for name, value in _TOPIC.items() if fifo or name not in _FIFO_ONLY}
        _set(site, "SetTopicAttributes", key, usual, before, wanted)
        if canonical(before.get("DataProtectionPolicy")) != canonical(wanted.get("DataProtectionPolicy")):
            policy = text(wanted.get("DataProtectionPolicy") or "")
            asked = {"ResourceArn": key["TopicArn"], "DataProtectionPolicy": policy}
            site.call(_SNS, "PutDataProtectionPolicy", asked)
        old, new = set(_subscriptions(before)), set(_subscriptions(wanted))
        there = {(each["Protocol"], each["Endpoint"]): each for each in _list(site, key)} if old != new else {}
        for each in sorted(old - new & there.keys()):
            site.call(_SNS, "Unsubscribe", {"SubscriptionArn": there[each]["SubscriptionArn"]})
        for protocol, endpoint in sorted(new - there.keys() if there else new - old):
            site.call(_SNS, "Subscribe", {**key, "Protocol": protocol, "Endpoint": endpoint})
        self.tag(site, key, before, wanted)

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name in ("TopicName", "FifoTopic")


class _Subscription(Kind):
    """Known by an ARN that the service makes up."""

    def known(self, site: Site) -> set[str]:
        return {"TopicArn", "Protocol", "Endpoint", "Region", *_SUBSCRIPTION}

    def find(self, site: Site, wanted: Properties) -> Key | None:
        topic, protocol, endpoint = (wanted.get(name) for name in ("TopicArn", "Protocol", "Endpoint"))
        if not all(isinstance(each, str) for each in (topic, protocol, endpoint)):
            return None
        try:
            there = _list(site, {"TopicArn": str(topic)})
        except NotFound:
            return None
        found = (each for each in there if (each["Protocol"], each["Endpoint"]) == (protocol, endpoint))
        return next(({"SubscriptionArn": each["SubscriptionArn"]} for each in found), None)

    def describe(self, site: Site, key: Key) -> dict[str, Any]:
        found: dict[str, Any] = site.call(_SNS, self._read, key)["Attributes"]
        return found

    def create(self, site: Site, wanted: Properties) -> Key:
        asked = {name: wanted[name] for name in ("TopicArn", "Protocol", "Endpoint") if name in wanted}
        given = {name: text(wanted[name]) for name in _SUBSCRIPTION if name in wanted}
        answer = site.call(_SNS, self._create, {**asked, "Attributes": given, "ReturnSubscriptionArn": True})
        return {"SubscriptionArn": answer["SubscriptionArn"]}

    def change(self, site: Site, key: Key, before: Properties, wanted: Properties) -> None:
        # The scope first: a policy is checked by it.
        ordered = {name: _SUBSCRIPTION[name] for name in ("FilterPolicyScope", *_SUBSCRIPTION)}
        _set(site, "SetSubscriptionAttributes", key, ordered, before, wanted)

    def replaces(self, name: str, before: Properties, wanted: Properties) -> bool:
        return name not in _SUBSCRIPTION


def _set(site: Site, operation: str, key: Key, usual: dict[str, Any], before: Properties, wanted: Properties) -> None:
    for name, value in usual.items():
        if not alike(name, before.get(name), wanted.get(name)):
            asked = {**key, "AttributeName": name, "AttributeValue": text(wanted.get(name, value))}
            site.call(_SNS, operation, asked)


def _subscriptions(properties: Properties) -> list[tuple[str, str]]:
    return [(str(each["Protocol"]), str(each["Endpoint"])) for each in properties.get("Subscription") or ()]


def _list(site: Site, key: Key) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        answer = site.call(_SNS, "ListSubscriptionsByTopic", {**key, **more})
        found += answer.get("Subscriptions", [])
        if not answer.get("NextToken"):
            return found
        more = {"NextToken": answer["NextToken"]}


#: How the policy is marked that a topic has as long as nobody sets one.
_DEFAULT = "__default_policy_ID"
_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


def _policy(site: Site, topic: str) -> str:
    found = str(site.call(_SNS, "GetTopicAttributes", {"TopicArn": topic})["Attributes"].get("Policy", ""))
    return "" if _DEFAULT in found else found


def _put_policy(site: Site, topic: str, policy: str) -> None:
    """A topic is never without a policy: "" is the one that it began with, which lets its owner do everything."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{each}" for each in _ACTIONS],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": site.account}},
    }
    policy = policy or text({"Version": "2008-10-17", "Id": _DEFAULT, "Statement": [statement]})
    asked = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy}
    site.call(_SNS, "SetTopicAttributes", asked)


KINDS = (
    _Topic(
        "AWS::SNS::Topic",
        _SNS,
        create="CreateTopic",
        read="GetTopicAttributes",
        change="SetTopicAttributes",
        delete="DeleteTopic",
        key=("TopicArn",),
        attributes={"Ref": "TopicArn", "TopicArn": "TopicArn", "TopicName": "TopicName"},
        unread=("Subscription",),
        tagged="TopicArn",
        resets=_TOPIC,
    ),
    _Subscription(
        "AWS::SNS::Subscription",
        _SNS,
        create="Subscribe",
        read="GetSubscriptionAttributes",
        change="SetSubscriptionAttributes",
        delete="Unsubscribe",
        key=("SubscriptionArn",),
        attributes={"Ref": "SubscriptionArn", "Arn": "SubscriptionArn"},
        unread=("Region",),
        resets=_SUBSCRIPTION,
    ),
    PolicyKind("AWS::SNS::TopicPolicy", _SNS, "Topics", _policy, _put_policy),
    PolicyKind("AWS::SNS::TopicInlinePolicy", _SNS, "TopicArn", _policy, _put_policy),
)
