"""Messages: what a publisher hands in, what is refused, and the event that a message is in its topic's log.

The event's ``detail`` holds the message so that filter policies can look into it: a message that is a JSON object is
spliced in as it is, byte for byte, any other text is a JSON string. Knows no subscriptions.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from eventyard.detail import parse_object
from eventyard.event import Event, envelope, iso_seconds
from eventyard.topics.filter import CONFIRMATION, FAREWELL, NOTIFICATION
from eventyard.topics.refusals import bad_value, invalid
from eventyard.topics.resources import Topic

MAX_MESSAGE = 262_144
_MAX_SUBJECT = 100
_TOKEN = re.compile(r"[!-~]{1,128}")
_NAME = re.compile(r"[A-Za-z0-9_\-.]{1,256}")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,5})?\s*", re.ASCII)
_MAX_DIGITS = 300
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_encode = msgspec.json.Encoder().encode


class Attribute(msgspec.Struct, frozen=True, array_like=True):
    """A message attribute. ``type``: String, String.Array, Number or Binary. ``value``: of Binary in base64."""

    type: str
    value: str

    def plain(self) -> str | bytes:
        """The value; bytes for Binary."""
        return base64.b64decode(self.value) if self.type.startswith("Binary") else self.value


class Message(msgspec.Struct, frozen=True):
    """A message to be published. ``variants``: other texts for some protocols (MessageStructure "json")."""

    text: str
    subject: str | None = None
    attributes: Mapping[str, Attribute] = {}
    group: str | None = None
    dedup: str | None = None
    variants: Mapping[str, str] = {}

    @property
    def size(self) -> int:
        """What counts towards the limit: the text and the attributes' names, types and values, in bytes."""
        size = len(self.text.encode("utf-8", "replace"))
        for name, item in self.attributes.items():
            size += len(name.encode("utf-8", "replace")) + len(item.type) + len(item.value.encode("utf-8", "replace"))
        return size + sum(len(name) + len(text.encode("utf-8", "replace")) for name, text in self.variants.items())


class Posted(msgspec.Struct, frozen=True):
    """A message, or a request to confirm, as it is in a topic's log. ``at``: milliseconds. ``token``: of the request
    to confirm the ``subscription``."""

    id: str
    topic: str
    kind: str
    text: str
    at: int
    subject: str | None
    attributes: Mapping[str, Attribute]
    group: str | None
    dedup: str | None
    sequence: str | None
    variants: Mapping[str, str]
    token: str | None

    def text_for(self, protocol: str) -> str:
        return self.variants.get(protocol, self.text)


def from_json(text: str) -> tuple[str, dict[str, str]]:
    """The default text, and those for some protocols, of a message with MessageStructure "json"."""
    try:
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid("Message Structure - JSON message body failed to parse") from error
    default = given.get("default") if isinstance(given, dict) else None
    if not isinstance(default, str):
        raise invalid("Message Structure - No default entry in JSON message body")
    # Values that are no texts are ignored (API reference, Publish, "MessageStructure").
    return default, {name: item for name, item in given.items() if isinstance(item, str) and name != "default"}


def check(topic: Topic, message: Message) -> None:
    """Raises InvalidRequest for a message that ``topic`` does not take."""
    if not message.text:
        raise invalid("Empty message")
    if message.size > MAX_MESSAGE:
        raise invalid("Message too long")
    if message.subject is not None and (
        not 1 <= len(message.subject) <= _MAX_SUBJECT or _CONTROL.search(message.subject)
    ):
        raise invalid("Subject")
    for name, item in message.attributes.items():
        _check_attribute(name, item)
    for parameter, value in (("MessageGroupId", message.group), ("MessageDeduplicationId", message.dedup)):
        if value is not None and not _TOKEN.fullmatch(value):
            raise invalid(
                f"{parameter} Reason: {parameter} can only include alphanumeric and punctuation characters. 1 to 128 "
                "in length."
            )
    if not topic.fifo:
        if message.dedup is not None:
            raise invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that "
                "is not valid for this topic type"
            )
        return
    if message.group is None:
        raise invalid("The MessageGroupId parameter is required for FIFO topics")
    if message.dedup is None and topic.attributes.get("ContentBasedDeduplication") != "true":
        raise invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )


def event_of(topic: Topic, message: Message, id: str, now: int, sequence: str | None = None) -> Event:
    """The event for a message that has been checked."""
    detail: dict[str, Any] = {"at": now, **_spliced(message.text)}
    detail["attributes"] = {
        name: value for name, item in message.attributes.items() if (value := _comparable(item)) is not msgspec.UNSET
    }
    for name in ("subject", "group", "dedup"):
        if getattr(message, name) is not None:
            detail[name] = getattr(message, name)
    if sequence is not None:
        detail["sequence"] = sequence
    if message.attributes:
        detail["typed"] = message.attributes
    if message.variants:
        detail["variants"] = message.variants
    return _event(topic, NOTIFICATION, (topic.arn,), detail, id, now)


def confirmation_of(topic: Topic, subscription: str, token: str, id: str, now: int) -> Event:
    """The event that asks the endpoint of a subscription to confirm it."""
    text = (
        f"You have chosen to subscribe to the topic {topic.arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    return _with_token(topic, CONFIRMATION, subscription, text, token, id, now)


def farewell_of(topic: Topic, subscription: str, token: str, id: str, now: int) -> Event:
    """The event that tells the endpoint of a subscription of its end."""
    text = (
        f"You have chosen to deactivate subscription {subscription}.\n"
        "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
    )
    return _with_token(topic, FAREWELL, subscription, text, token, id, now)


def _with_token(topic: Topic, kind: str, subscription: str, text: str, token: str, id: str, now: int) -> Event:
    detail = {"at": now, "json": False, "message": text, "attributes": {}, "token": token, "dedup": id}
    return _event(topic, kind, (topic.arn, subscription), detail, id, now)


def read(body: bytes) -> Posted:
    """What is in the body of such an event."""
    event = _decode(body)
    detail = event.detail
    if detail.text is not None:
        text = detail.text
    else:
        text = bytes(detail.message).decode() if detail.json else msgspec.json.decode(detail.message, type=str)
    return Posted(
        event.id,
        event.resources[0],
        event.kind,
        text,
        detail.at,
        detail.subject,
        detail.typed,
        detail.group,
        detail.dedup,
        detail.sequence,
        detail.variants,
        detail.token,
    )


def iso_millis(millis: int) -> str:
    """``2012-03-29T05:12:16.901Z``: the form of a notification's Timestamp."""
    moment = datetime.fromtimestamp(millis // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03d}Z"


class _Detail(msgspec.Struct, frozen=True):
    at: int
    json: bool
    message: msgspec.Raw
    text: str | None = None
    subject: str | None = None
    typed: dict[str, Attribute] = {}
    group: str | None = None
    dedup: str | None = None
    sequence: str | None = None
    variants: dict[str, str] = {}
    token: str | None = None


class _Body(msgspec.Struct, frozen=True):
    id: str
    kind: str = msgspec.field(name="detail-type")
    resources: list[str]
    detail: _Detail


_decode = msgspec.json.Decoder(_Body).decode


def _event(topic: Topic, kind: str, resources: tuple[str, ...], detail: Mapping[str, Any], id: str, now: int) -> Event:
    body = envelope(
        id=id,
        detail_type=kind,
        source="aws.sns",
        account=topic.account,
        time=iso_seconds(now),
        region=topic.region,
        resources=resources,
        detail=_encode(detail),
    )
    return Event(body, now)


def _spliced(text: str) -> dict[str, Any]:
    """The text for the log. Only an object can be filtered by its body (developer guide, "Payload-based filtering")."""
    encoded = text.encode()
    if parse_object(encoded) is None:
        return {"json": False, "message": text}
    if text.strip(" \t\r\n") != text:
        # What stands around a spliced value is lost when it is read.
        return {"json": True, "message": msgspec.Raw(encoded), "text": text}
    return {"json": True, "message": msgspec.Raw(encoded)}


def _comparable(item: Attribute) -> Any:
    """The attribute as filter policies see it; UNSET for what they ignore, such as Binary."""
    if item.type == "String.Array":
        try:
            values = msgspec.json.decode(item.value)
        except (msgspec.DecodeError, RecursionError):
            return msgspec.UNSET
        plain = isinstance(values, list) and not any(isinstance(value, dict | list) for value in values)
        return values if plain else msgspec.UNSET
    kind = item.type.partition(".")[0]
    if kind == "Number":
        return _number(item.value)
    return item.value if kind == "String" else msgspec.UNSET


def _number(text: str) -> int | float | None:
    """The number; None if it is none, or one that JSON's readers could not hold."""
    if not _NUMBER.fullmatch(text) or len(text) > _MAX_DIGITS:
        return None
    try:
        return int(text)
    except ValueError:
        number = float(text)
        return number if math.isfinite(number) else None


def _check_attribute(name: str, item: Attribute) -> None:
    """Source: API reference, MessageAttributeValue; developer guide, "Amazon SNS message attributes"."""
    lower = name.lower()
    if not _NAME.fullmatch(name) or lower.startswith(("aws.", "amazon.")) or ".." in name or name.strip(".") != name:
        raise bad_value(
            f"Invalid message attribute name '{name[:300]}'. Attribute name can contain A-Z, a-z, 0-9, underscore (_), "
            "hyphen (-), and period (.) characters."
        )
    kind = item.type.partition(".")[0]
    if kind not in ("String", "Number", "Binary"):
        raise bad_value(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            "prefixes is Binary, Number, and String."
        )
    if not item.value:
        raise bad_value(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
            f"type '{item.type}'."
        )
    if kind == "Number" and _number(item.value) is None:
        raise bad_value(f"Could not cast message attribute '{name}' value to number.")
