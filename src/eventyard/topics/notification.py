"""What subscribers are sent: the JSON document of a notification, in the form that SNS gives it, or the raw message.

Sources: SNS developer guide, "Parsing message formats", "Amazon SNS raw message delivery", "Verifying the signatures of
Amazon SNS messages". Documents to queues are not signed, since nobody but their sender can put them there: there
``Signature`` and ``SigningCertURL`` are empty texts. A signature takes as long as everything else together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from eventyard.topics.filter import NOTIFICATION
from eventyard.topics.message import Posted, iso_millis
from eventyard.topics.resources import Subscription

_encode = msgspec.json.Encoder().encode


class Seal(msgspec.Struct, frozen=True):
    """How documents are signed. ``certificate``: the path at which this server shows it. ``sign``: the signature of a
    text in base64; None for none."""

    version: str = "1"
    certificate: str = ""
    sign: Callable[[str], str] | None = None


_UNSEALED = Seal()


def body_for(subscription: Subscription, posted: Posted, seal: Seal = _UNSEALED) -> str:
    """What ``subscription`` is sent of ``posted``."""
    if posted.kind != NOTIFICATION:
        return _with_token(subscription, posted, seal)
    if subscription.raw:
        return posted.text_for(subscription.protocol)
    return document(subscription, posted, seal)


def document(subscription: Subscription, posted: Posted, seal: Seal = _UNSEALED) -> str:
    """The JSON document of a notification."""
    text, subject, time = posted.text_for(subscription.protocol), posted.subject, iso_millis(posted.at)
    signed = _signed(subscription, posted)
    members = [
        ("Type", posted.kind),
        ("MessageId", posted.id),
        ("SequenceNumber", posted.sequence),
        ("TopicArn", posted.topic),
        ("Subject", subject),
        ("Message", text),
        ("Timestamp", time),
        *_signature(subscription, seal, signed),
        ("UnsubscribeURL", _unsubscribe(subscription)),
        ("Replayed", "true" if subscription.is_replay(posted.at) else None),
    ]
    more = []
    if posted.attributes:
        attributes = ",\n".join(
            f"    {_text(name)} : {{{_text('Type')}:{_text(item.type)},{_text('Value')}:{_text(item.value)}}}"
            for name, item in posted.attributes.items()
        )
        more.append(f'  "MessageAttributes" : {{\n{attributes}\n  }}')
    return _object(members, more)


def invocation(subscription: Subscription, posted: Posted, seal: Seal) -> str:
    """The event that a function gets (Lambda developer guide, "Using AWS Lambda with Amazon SNS"), where two names are
    spelled otherwise than in other documents."""
    if posted.kind != NOTIFICATION:
        sns: Any = msgspec.Raw(_with_token(subscription, posted, seal).encode())
    else:
        proof = dict(_signature(subscription, seal, _signed(subscription, posted)))
        sns = {
            "Type": posted.kind,
            "MessageId": posted.id,
            "TopicArn": posted.topic,
            "Subject": posted.subject,
            "Message": posted.text_for(subscription.protocol),
            "Timestamp": iso_millis(posted.at),
            "SignatureVersion": proof["SignatureVersion"],
            "Signature": proof["Signature"],
            "SigningCertUrl": proof["SigningCertURL"],
            "UnsubscribeUrl": _unsubscribe(subscription),
            "MessageAttributes": _attributes(posted),
        }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": sns,
    }
    return _encode({"Records": [record]}).decode()


def line(subscription: Subscription, posted: Posted) -> str:
    """The notification as a file of many has it: on one line, without a signature (developer guide, "Formatting Amazon
    SNS notifications for storage in Amazon S3 destinations")."""
    if posted.kind != NOTIFICATION:
        return _encode(msgspec.json.decode(_with_token(subscription, posted, _UNSEALED))).decode()
    if subscription.raw:
        return posted.text_for(subscription.protocol)
    members: dict[str, Any] = {
        "Type": posted.kind,
        "MessageId": posted.id,
        "TopicArn": posted.topic,
        **({} if posted.subject is None else {"Subject": posted.subject}),
        "Message": posted.text_for(subscription.protocol),
        "Timestamp": iso_millis(posted.at),
        "UnsubscribeURL": _unsubscribe(subscription),
    }
    if posted.attributes:
        members["MessageAttributes"] = _attributes(posted)
    return _encode(members).decode()


def _with_token(subscription: Subscription, posted: Posted, seal: Seal) -> str:
    """The request to confirm a subscription, or the news of its end."""
    token, time = posted.token or "", iso_millis(posted.at)
    query = f"Action=ConfirmSubscription&TopicArn={posted.topic}&Token={quote(token, safe='')}"
    url = f"{subscription.url}/?{query}"
    signed = [
        ("Message", posted.text),
        ("MessageId", posted.id),
        ("SubscribeURL", url),
        ("Timestamp", time),
        ("Token", token),
        ("TopicArn", posted.topic),
        ("Type", posted.kind),
    ]
    members = [
        ("Type", posted.kind),
        ("MessageId", posted.id),
        ("Token", token),
        ("TopicArn", posted.topic),
        ("Message", posted.text),
        ("SubscribeURL", url),
        ("Timestamp", time),
        *_signature(subscription, seal, signed),
    ]
    return _object(members, [])


def _signed(subscription: Subscription, posted: Posted) -> list[tuple[str, str | None]]:
    """What of a notification is signed."""
    return [
        ("Message", posted.text_for(subscription.protocol)),
        ("MessageId", posted.id),
        ("Subject", posted.subject),
        ("Timestamp", iso_millis(posted.at)),
        ("TopicArn", posted.topic),
        ("Type", posted.kind),
    ]


def _attributes(posted: Posted) -> dict[str, dict[str, str]]:
    return {name: {"Type": item.type, "Value": item.value} for name, item in posted.attributes.items()}


def _signature(
    subscription: Subscription, seal: Seal, signed: Sequence[tuple[str, str | None]]
) -> list[tuple[str, str | None]]:
    """The members that prove where a document comes from. What is signed: names and values, each on a line."""
    if seal.sign is None:
        return [("SignatureVersion", seal.version), ("Signature", ""), ("SigningCertURL", "")]
    text = "".join(f"{name}\n{value}\n" for name, value in signed if value is not None)
    return [
        ("SignatureVersion", seal.version),
        ("Signature", seal.sign(text)),
        ("SigningCertURL", subscription.url + seal.certificate),
    ]


def _unsubscribe(subscription: Subscription) -> str:
    return f"{subscription.url}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"


def _object(members: Sequence[tuple[str, str | None]], more: Sequence[str]) -> str:
    lines = [f"  {_text(name)} : {_text(value)}" for name, value in members if value is not None]
    return "{\n" + ",\n".join([*lines, *more]) + "\n}"


def _text(value: str) -> str:
    return _encode(value).decode()
