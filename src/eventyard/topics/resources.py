"""Topics and subscriptions as their makers described them: names, attributes, what goes together. Holds no messages.

Sources: SNS API reference, CreateTopic, SetTopicAttributes, Subscribe, SetSubscriptionAttributes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from eventyard.errors import InvalidRequest, Unsupported
from eventyard.names import Arn
from eventyard.topics.filter import ATTRIBUTES, BODY, compile_filter
from eventyard.topics.refusals import as_object, invalid
from eventyard.topics.retries import check_subscription_policy, check_topic_policy

_NAME = re.compile(r"[A-Za-z0-9_\-]{1,256}|[A-Za-z0-9_\-]{1,251}\.fifo")
_CHOICES: dict[str, tuple[str, ...]] = {
    "ContentBasedDeduplication": ("true", "false"),
    "FifoThroughputScope": ("Topic", "MessageGroup"),
    "SignatureVersion": ("1", "2"),
    "TracingConfig": ("PassThrough", "Active"),
}
_FIFO_ONLY = ("ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy")
_TEXTS = ("ArchivePolicy", "DisplayName", "Policy", "DeliveryPolicy", "KmsMasterKeyId")
_LOGGING = re.compile(
    "(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)"
)
_MAX_TAGS = 50
_MAX_POLICY = 30_720

_SUBSCRIPTION = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
)

#: What is delivered to. AWS's other protocols, those for people and for telephones, are refused by name.
QUEUE, HOSE, FUNCTION, HTTP = "sqs", "firehose", "lambda", ("http", "https")
_REFUSED = ("application", "sms", "email", "email-json")
#: What the resource in an endpoint's ARN looks like, what AWS calls it, and what of it a FIFO topic can't have.
_ENDPOINTS = {
    QUEUE: (re.compile(r"[A-Za-z0-9_.\-]+"), "SQS endpoint ARN", ""),
    HOSE: (
        re.compile(r"deliverystream/[a-zA-Z0-9_.\-]{1,64}"),
        "Firehose endpoint ARN",
        "Firehose delivery streams can not be subscribed to FIFO SNS topics",
    ),
    FUNCTION: (
        re.compile(r"function:[a-zA-Z0-9_\-]{1,64}(:[a-zA-Z0-9$_\-]{1,128})?"),
        "Lambda endpoint ARN",
        "Lambda functions can not be subscribed to FIFO SNS topics",
    ),
}
_MAX_URL = 2048


class Topic(msgspec.Struct, frozen=True):
    """A topic. ``attributes``: those that were given. ``archived``: since when (ms) it has an ArchivePolicy."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    attributes: dict[str, str]
    tags: dict[str, str] = {}
    data_protection: str | None = None
    archived: int | None = None

    @property
    def fifo(self) -> bool:
        return self.name.endswith(".fifo")


class Replay(msgspec.Struct, frozen=True):
    """A subscription gets once more what was published before ``asked`` (ms). ``stood``: the position that it had come
    to. ``end``: the position after which it gets nothing more. ``number``: of its replays, this one."""

    asked: int
    stood: int
    end: int | None
    number: int


class Subscription(msgspec.Struct, frozen=True):
    """A subscription. ``owner``: who made it. ``token``: what confirms it, until it is confirmed. ``url``: how this
    server was reached, which the URLs in its notifications begin with. ``ended``: unsubscribed by a stranger, but its
    endpoint is told and can restore it with the ``token``. ``earlier``: tokens that were sent before or have confirmed
    it, each with when (ms); they are good until they are too old."""

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
    ended: bool = False
    replay: Replay | None = None
    replays: int = 0  #: how many there have been
    earlier: tuple[tuple[str, int], ...] = ()

    def is_replay(self, at: int) -> bool:
        """Whether a message that was published then (ms) comes once more."""
        return self.replay is not None and at <= self.replay.asked

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
    if name == "Policy" and value:
        as_object(name, value)
    if name == "DeliveryPolicy" and value:
        check_topic_policy(value)
    if name == "Policy" and len(value.encode()) > _MAX_POLICY:
        raise invalid("Policy Reason: Policy length exceeds the maximum allowed")
    return value


def check_data_protection(text: str) -> str | None:
    """The policy as it is kept; None for none. This server does not look into messages for personal data, so a
    statement that would have it do something, if only report what it found, is refused."""
    if not text:
        return None
    document = as_object("DataProtectionPolicy", text)
    if len(text.encode()) > _MAX_POLICY:
        raise invalid("DataProtectionPolicy Reason: the policy is longer than 30,720 bytes")
    for statement in document.get("Statement") or []:
        operation = statement.get("Operation") if isinstance(statement, dict) else None
        if isinstance(operation, dict) and operation:
            raise Unsupported(
                "Auditing, blocking or masking sensitive data (the operation "
                f"{', '.join(sorted(operation))} of a data protection policy) is not supported by this server."
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


def check_endpoint(topic: Topic, protocol: str, endpoint: str) -> str | None:
    """The account that ``endpoint`` belongs to; None where nobody can tell. Raises InvalidRequest, and Unsupported for
    protocols that this server does not deliver by."""
    if protocol in _REFUSED:
        raise Unsupported(
            f"Delivery by the protocol {protocol} is not supported by this server: use sqs, lambda, http, https or "
            "firehose."
        )
    if protocol in HTTP:
        if topic.fifo:
            raise invalid("Endpoint Reason: HTTP endpoints can not be subscribed to FIFO SNS topics")
        _check_url(protocol, endpoint)
        return None
    if protocol not in _ENDPOINTS:
        raise invalid(f"Amazon SNS does not support this protocol string: {protocol[:100]}")
    shape, name, never = _ENDPOINTS[protocol]
    arn = Arn.parse(endpoint)
    if arn is None or arn.service != protocol or not arn.region or not arn.account or not shape.fullmatch(arn.resource):
        raise invalid(name)
    if never and topic.fifo:
        raise invalid(f"Endpoint Reason: {never}")
    if arn.resource.endswith(".fifo") and not topic.fifo:
        raise invalid(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )
    return arn.account


def _check_url(protocol: str, endpoint: str) -> None:
    wrong = invalid("Endpoint must match the specified protocol")
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme != protocol:
        raise wrong
    whole = len(endpoint) <= _MAX_URL and endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
    if not parts.hostname or port == 0 or not whole:
        raise invalid("Endpoint Reason: please use a URL of printable ASCII characters with a host")


def check_subscription(topic: Topic, protocol: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes as they are kept; an empty text takes one away. Raises InvalidRequest and Unsupported."""
    kept = {}
    for name, value in attributes.items():
        if name not in _SUBSCRIPTION:
            raise invalid(f"Attributes Reason: Unknown attribute: {name[:100]}")
        if value:
            kept[name] = _checked(topic, protocol, name, value)
    if "DeliveryPolicy" in kept:
        check_subscription_policy(kept["DeliveryPolicy"], kept.get("RawMessageDelivery") == "true")
    if protocol == HOSE and "SubscriptionRoleArn" not in kept:
        raise invalid("Attributes Reason: SubscriptionRoleArn is required for the protocol firehose")
    if "FilterPolicy" in kept:
        compile_filter(kept["FilterPolicy"], kept.get("FilterPolicyScope", ATTRIBUTES))
    return kept


def _checked(topic: Topic, protocol: str, name: str, value: str) -> str:
    if name == "RawMessageDelivery" and protocol == FUNCTION and value.lower() == "true":
        raise invalid(f"Attributes Reason: Delivery protocol [{protocol}] does not support raw message delivery.")
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
    if name == "DeliveryPolicy" and protocol not in HTTP:
        raise invalid(f"Attributes Reason: DeliveryPolicy: Protocol {protocol} does not support delivery policies")
    if name == "SubscriptionRoleArn":
        role = Arn.parse(value)
        if protocol != HOSE or role is None or role.service != "iam" or not role.resource.startswith("role/"):
            raise invalid(
                "Attributes Reason: SubscriptionRoleArn: must be the ARN of a role, for the protocol firehose"
            )
    if name == "RedrivePolicy":
        _check_redrive(topic, value)
    if name == "ReplayPolicy" and not topic.fifo:
        raise invalid("Attributes Reason: ReplayPolicy: only supported for FIFO topics")
    return value


def _check_redrive(topic: Topic, text: str) -> None:
    arn = as_object("RedrivePolicy", text).get("deadLetterTargetArn")
    queue = Arn.parse(arn) if isinstance(arn, str) else None
    if queue is None or queue.service != "sqs":
        raise invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if (queue.account, queue.region) != (topic.account, topic.region):
        raise invalid("RedrivePolicy: must be an SQS queue of the same account and region")
    if queue.resource.endswith(".fifo") != topic.fifo:
        kind = "FIFO" if topic.fifo else "standard"
        raise invalid(f"RedrivePolicy: must use a {kind} queue as DLQ for a subscription to a {kind} topic")
