"""Topics and subscriptions as their makers described them: names, attributes, what goes together. Holds no messages.

Sources: SNS API reference, CreateTopic, SetTopicAttributes, Subscribe, SetSubscriptionAttributes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest, Unsupported
from eventyard.names import Arn
from eventyard.topics.filter import ATTRIBUTES, BODY, compile_filter
from eventyard.topics.refusals import invalid

_NAME = re.compile(r"[A-Za-z0-9_\-]{1,256}|[A-Za-z0-9_\-]{1,251}\.fifo")
_CHOICES: dict[str, tuple[str, ...]] = {
    "ContentBasedDeduplication": ("true", "false"),
    "FifoThroughputScope": ("Topic", "MessageGroup"),
    "SignatureVersion": ("1", "2"),
    "TracingConfig": ("PassThrough", "Active"),
}
_FIFO_ONLY = ("ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy")
_TEXTS = ("DisplayName", "Policy", "DeliveryPolicy", "KmsMasterKeyId")
_LOGGING = re.compile(
    "(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)"
)
_MAX_TAGS = 50
_MAX_POLICY = 30_720

_SUBSCRIPTION = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")

#: What is delivered to; "lambda", "http", "https" and "firehose" are AWS's other protocols for machines.
QUEUE = "sqs"


class Topic(msgspec.Struct, frozen=True):
    """A topic. ``attributes``: those that were given."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    attributes: dict[str, str]
    tags: dict[str, str] = {}
    data_protection: str | None = None

    @property
    def fifo(self) -> bool:
        return self.name.endswith(".fifo")


class Subscription(msgspec.Struct, frozen=True):
    """A subscription. ``owner``: who made it. ``token``: what confirms it, until it is confirmed. ``url``: how this
    server was reached, which the URLs in its notifications begin with."""

    arn: str
    topic: str
    protocol: str
    endpoint: str
    owner: str
    url: str
    created: int
    attributes: dict[str, str] = {}
    token: str | None = None
    authenticated: bool = True
    locked: bool = False  #: only who is authenticated can unsubscribe

    @property
    def raw(self) -> bool:
        return self.attributes.get("RawMessageDelivery") == "true"

    @property
    def dead_letter_arn(self) -> str | None:
        text = self.attributes.get("RedrivePolicy")
        return json.loads(text)["deadLetterTargetArn"] if text else None


def topic_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:sns:{region}:{account}:{name}"


def check_name(name: str, fifo: bool) -> None:
    """Raises InvalidRequest for a name that no topic can have."""
    if fifo and not name.endswith(".fifo"):
        raise invalid(
            "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, "
            "numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
        )
    if not _NAME.fullmatch(name) or (name.endswith(".fifo") and not fifo):
        raise invalid("Topic Name")


def check_topic_attributes(given: Mapping[str, str], fifo: bool) -> dict[str, str]:
    """The attributes as they are kept. Raises InvalidRequest, and Unsupported for what this server does not do."""
    return {name: check_topic_attribute(name, value, fifo) for name, value in given.items()}


def check_topic_attribute(name: str, value: str, fifo: bool) -> str:
    """The value as it is kept."""
    if name in _FIFO_ONLY and not fifo:
        raise invalid(f"{name} Reason: {name} is only supported for FIFO topics")
    if name == "ArchivePolicy":
        raise Unsupported("Archiving the messages of a topic (ArchivePolicy) is not supported by this server.")
    if _LOGGING.fullmatch(name):
        raise Unsupported(f"Logging the delivery status of messages ({name}) is not supported by this server.")
    if name in _CHOICES:
        if value and value not in _CHOICES[name]:
            raise invalid(f"{name} Reason: must be one of {', '.join(_CHOICES[name])}")
        if value == "Active":
            raise Unsupported("Active tracing (TracingConfig) is not supported by this server.")
        return value
    if name not in _TEXTS:
        raise invalid("AttributeName")
    if name == "DisplayName" and len(value) > 100:
        raise invalid("DisplayName Reason: must be at most 100 characters long")
    if name in ("Policy", "DeliveryPolicy") and value:
        _object(name, value)
    if name == "Policy" and len(value.encode()) > _MAX_POLICY:
        raise invalid("Policy Reason: Policy length exceeds the maximum allowed")
    return value


def check_data_protection(text: str) -> str | None:
    """The policy as it is kept; None for none. Only audits could be passed over: this server does not look into
    messages for personal data, so a policy that demands it is refused."""
    if not text:
        return None
    document = _object("DataProtectionPolicy", text)
    if len(text.encode()) > _MAX_POLICY:
        raise invalid("DataProtectionPolicy Reason: the policy is longer than 30,720 bytes")
    for statement in document.get("Statement") or []:
        operation = statement.get("Operation") if isinstance(statement, dict) else None
        if isinstance(operation, dict) and ("Deny" in operation or "Deidentify" in operation):
            raise Unsupported(
                "Blocking or masking sensitive data (Deny and Deidentify of a data protection policy) is not supported "
                "by this server."
            )
    return text


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises InvalidRequest for tags that no topic can have."""
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise invalid(
                "Tags Reason: a tag's key must be 1 to 128 characters long and not start with aws:, its "
                "value at most 256"
            )
    if len(tags) > _MAX_TAGS:
        raise InvalidRequest("Could not complete request: tag quota of per resource exceeded", "TagLimitExceeded")


def check_endpoint(topic: Topic, protocol: str, endpoint: str) -> Arn:
    """The queue that ``endpoint`` names. Raises InvalidRequest, and Unsupported for other protocols than queues."""
    if protocol in ("http", "https", "lambda", "firehose", "application", "sms", "email", "email-json"):
        raise Unsupported(f"Delivery by the protocol {protocol} is not supported by this server: use sqs.")
    if protocol != QUEUE:
        raise invalid(f"Amazon SNS does not support this protocol string: {protocol[:100]}")
    queue = Arn.parse(endpoint)
    if queue is None or queue.service != "sqs" or not queue.region or not queue.account or ":" in queue.resource:
        raise invalid("SQS endpoint ARN")
    if queue.resource.endswith(".fifo") and not topic.fifo:
        raise invalid(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )
    return queue


def check_subscription(topic: Topic, attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes as they are kept; an empty text takes one away. Raises InvalidRequest and Unsupported."""
    kept = {}
    for name, value in attributes.items():
        if name == "ReplayPolicy":
            raise Unsupported("Replaying messages to a subscription (ReplayPolicy) is not supported by this server.")
        if name not in _SUBSCRIPTION:
            raise invalid(f"Attributes Reason: Unknown attribute: {name[:100]}")
        if value:
            kept[name] = _checked(topic, name, value)
    if "FilterPolicy" in kept:
        compile_filter(kept["FilterPolicy"], kept.get("FilterPolicyScope", ATTRIBUTES))
    return kept


def _checked(topic: Topic, name: str, value: str) -> str:
    if name == "RawMessageDelivery":
        if value.lower() not in ("true", "false"):
            raise invalid(
                f"Attributes Reason: RawMessageDelivery: Invalid value [{value[:100]}]. Must be true or false."
            )
        return value.lower()
    if name == "FilterPolicyScope" and value not in (ATTRIBUTES, BODY):
        raise invalid(
            f"Attributes Reason: FilterPolicyScope: Invalid value [{value[:100]}]. Please use either {BODY} or "
            f"{ATTRIBUTES}"
        )
    if name == "DeliveryPolicy":
        raise invalid("Attributes Reason: DeliveryPolicy: Protocol sqs does not support delivery policies")
    if name == "RedrivePolicy":
        _check_redrive(topic, value)
    return value


def _check_redrive(topic: Topic, text: str) -> None:
    arn = _object("RedrivePolicy", text).get("deadLetterTargetArn")
    queue = Arn.parse(arn) if isinstance(arn, str) else None
    if queue is None or queue.service != "sqs":
        raise invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if (queue.account, queue.region) != (topic.account, topic.region):
        raise invalid("RedrivePolicy: must be an SQS queue of the same account and region")
    if queue.resource.endswith(".fifo") != topic.fifo:
        kind = "FIFO" if topic.fifo else "standard"
        raise invalid(f"RedrivePolicy: must use a {kind} queue as DLQ for a subscription to a {kind} topic")


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(f"{name}: failed to parse JSON.") from error
    if not isinstance(value, dict):
        raise invalid(f"{name}: must be a JSON object.")
    return value
