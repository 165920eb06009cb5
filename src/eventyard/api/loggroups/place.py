"""Which group a caller means, and pages in the words of CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from eventyard.api.events.pages import page
from eventyard.errors import InvalidRequest, Unsupported
from eventyard.loggroups import group_arn, group_of
from eventyard.wire import Caller

_MOST = 50
_CODE = "InvalidParameterException"
T = TypeVar("T")


def invalid(message: str) -> InvalidRequest:
    return InvalidRequest(message, _CODE)


def unsupported(what: str) -> Unsupported:
    return Unsupported(f"{what} is not supported by this server.", _CODE)


def named(caller: Caller, params: Mapping[str, Any]) -> str:
    """The ARN of the group that ``logGroupName`` names."""
    return group_arn(caller.account, caller.region, params["logGroupName"])


def identified(caller: Caller, params: Mapping[str, Any]) -> str:
    """The ARN of the group that ``logGroupName`` names, or ``logGroupIdentifier`` by name or ARN. Raises InvalidRequest
    unless it is one of them, and of this account and region."""
    name, identifier = params.get("logGroupName"), params.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise invalid("Either logGroupName or logGroupIdentifier must be given, and not both.")
    return of_identifier(caller, name or identifier or "")


def of_identifier(caller: Caller, text: str) -> str:
    """The ARN of the group with a name or an ARN. Raises InvalidRequest for another account's."""
    own = group_arn(caller.account, caller.region, "")
    if not text.startswith("arn:"):
        return own + text
    arn = group_of(text)
    if arn is None or not arn.startswith(own):
        raise invalid(f"{text} is not the ARN of a log group of this account and region.")
    return arn


def shown(
    items: Sequence[T], key: Callable[[T], str], params: Mapping[str, Any], listing: str
) -> tuple[Sequence[T], str | None]:
    """The page that ``nextToken`` and ``limit`` ask for, and the token of the next."""
    asked = {"NextToken": params.get("nextToken"), "Limit": params.get("limit") or _MOST}
    try:
        return page(items, key, asked, listing)
    except InvalidRequest as error:
        raise invalid("The specified nextToken is invalid.") from error
