"""What subscribers are sent: the JSON document of a notification, in the form that SNS gives it, or the raw message.

Sources: SNS developer guide, "Parsing message formats" and "Amazon SNS raw message delivery". Documents are not signed:
what checks signatures takes AWS's own certificates only, so ``Signature`` and ``SigningCertURL`` are empty texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from eventyard.topics.filter import CONFIRMATION
from eventyard.topics.message import Posted, iso_millis
from eventyard.topics.resources import Subscription

_encode = msgspec.json.Encoder().encode


def body_for(subscription: Subscription, posted: Posted) -> str:
    """What ``subscription`` is sent of ``posted``."""
    if posted.kind == CONFIRMATION:
        return _confirmation(subscription, posted)
    if subscription.raw:
        return posted.text_for(subscription.protocol)
    return document(subscription, posted)


def document(subscription: Subscription, posted: Posted) -> str:
    """The JSON document of a notification."""
    unsubscribe = f"{subscription.url}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"
    members = [
        ("Type", posted.kind),
        ("MessageId", posted.id),
        ("SequenceNumber", posted.sequence),
        ("TopicArn", posted.topic),
        ("Subject", posted.subject),
        ("Message", posted.text_for(subscription.protocol)),
        ("Timestamp", iso_millis(posted.at)),
        ("SignatureVersion", "1"),
        ("Signature", ""),
        ("SigningCertURL", ""),
        ("UnsubscribeURL", unsubscribe),
    ]
    more = []
    if posted.attributes:
        attributes = ",\n".join(
            f"    {_text(name)} : {{{_text('Type')}:{_text(item.type)},{_text('Value')}:{_text(item.value)}}}"
            for name, item in posted.attributes.items()
        )
        more.append(f'  "MessageAttributes" : {{\n{attributes}\n  }}')
    return _object(members, more)


def _confirmation(subscription: Subscription, posted: Posted) -> str:
    token = posted.token or ""
    query = f"Action=ConfirmSubscription&TopicArn={posted.topic}&Token={quote(token, safe='')}"
    members = [
        ("Type", posted.kind),
        ("MessageId", posted.id),
        ("Token", token),
        ("TopicArn", posted.topic),
        ("Message", posted.text),
        ("SubscribeURL", f"{subscription.url}/?{query}"),
        ("Timestamp", iso_millis(posted.at)),
        ("SignatureVersion", "1"),
        ("Signature", ""),
        ("SigningCertURL", ""),
    ]
    return _object(members, [])


def _object(members: Sequence[tuple[str, str | None]], more: Sequence[str]) -> str:
    lines = [f"  {_text(name)} : {_text(value)}" for name, value in members if value is not None]
    return "{\n" + ",\n".join([*lines, *more]) + "\n}"


def _text(value: str) -> str:
    return _encode(value).decode()
