"""Which topic a request means, and the pages of lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from eventyard.api.events.pages import page
from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.topics.refusals import invalid

T = TypeVar("T")


def check_topic_arn(parameter: str, text: str) -> str:
    """``text`` if it is the ARN of a topic, which need not exist. Raises InvalidRequest."""
    parts = text.split(":")
    if len(parts) < 6:
        raise invalid(f"{parameter} Reason: An ARN must have at least 6 elements, not {len(parts)}")
    arn = Arn.parse(text)
    if arn is None or arn.service != "sns" or ":" in arn.resource or "/" in arn.resource:
        raise invalid(parameter)
    return text


def check_subscription_arn(text: str) -> str:
    """``text`` if it is the ARN of a subscription, which need not exist. Raises InvalidRequest."""
    parts = text.split(":")
    if len(parts) < 6:
        raise invalid(f"SubscriptionArn Reason: An ARN must have at least 6 elements, not {len(parts)}")
    arn = Arn.parse(text)
    if arn is None or arn.service != "sns" or arn.resource.count(":") != 1:
        raise invalid("SubscriptionArn")
    return text


def page_of(
    items: Sequence[T], key: Callable[[T], str], params: Mapping[str, Any], listing: str
) -> tuple[Sequence[T], str | None]:
    """A page of up to 100 items, which are sorted by ``key``, and the token of the next."""
    token = params.get("NextToken") or None
    try:
        return page(items, key, {"NextToken": token}, listing)
    except InvalidRequest as error:
        raise invalid("NextToken") from error
