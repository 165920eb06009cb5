"""The operators that conditions compare by: for each kind, how a policy's value is read and what fits it.

Source: IAM user guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt
from typing import Any

import msgspec

from eventyard.policy.text import Glob, like, like_arn, plain


class Operator(msgspec.Struct, frozen=True):
    """``fits``: whether a request's value fits a policy's. ``read``: raises ValueError for a policy's value that means
    nothing. ``negated``: the condition holds where nothing fits."""

    fits: Callable[[str, Glob], bool]
    read: Callable[[str], Any] = str
    negated: bool = False
    wildcards: bool = False
    variables: bool = True


def _fold(value: str, wanted: Glob) -> bool:
    return value.lower() == plain(wanted).lower()


def _equal(value: str, wanted: Glob) -> bool:
    return value == plain(wanted)


def number(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not found.is_finite():
        raise ValueError(text)
    return found


def moment(text: str) -> Decimal:
    """Seconds since the epoch, given as such or as an ISO 8601 date; without a zone it is UTC."""
    if text.removeprefix("-").replace(".", "", 1).isdecimal():
        return number(text)
    found = datetime.fromisoformat(text)
    return Decimal(str((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()))


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _compared(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[str, Glob], bool]:
    def fits(value: str, wanted: Glob) -> bool:
        try:
            return compare(read(value), read(plain(wanted)))
        except ValueError:  # what can't be read as the operator's kind fits nothing
            return False

    return fits


def _in_network(value: str, wanted: Glob) -> bool:
    try:
        return ipaddress.ip_address(value) in _network(plain(wanted))
    except ValueError:
        return False


def _same_bytes(value: str, wanted: Glob) -> bool:
    try:
        return value.encode() == _bytes(plain(wanted))
    except ValueError:
        return False


def _both(name: str, negated: str, operator: Operator) -> dict[str, Operator]:
    return {name: operator, negated: msgspec.structs.replace(operator, negated=True)}


def _ordered(kind: str, read: Callable[[str], Any]) -> dict[str, Operator]:
    found = _both(f"{kind}Equals", f"{kind}NotEquals", Operator(_compared(read, eq), read, variables=False))
    orders = {"LessThan": lt, "LessThanEquals": le, "GreaterThan": gt, "GreaterThanEquals": ge}
    return found | {
        kind + name: Operator(_compared(read, compare), read, variables=False) for name, compare in orders.items()
    }


#: ArnEquals and ArnLike "behave identically", the source says. Variables are for all but numbers and dates.
OPERATORS: dict[str, Operator] = {
    **_both("StringEquals", "StringNotEquals", Operator(_equal)),
    **_both("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", Operator(_fold)),
    **_both("StringLike", "StringNotLike", Operator(like, wildcards=True)),
    **_both("ArnEquals", "ArnNotEquals", Operator(like_arn, wildcards=True)),
    **_both("ArnLike", "ArnNotLike", Operator(like_arn, wildcards=True)),
    **_both("IpAddress", "NotIpAddress", Operator(_in_network, _network)),
    **_ordered("Numeric", number),
    **_ordered("Date", moment),
    "Bool": Operator(_compared(_bool, eq), _bool),
    "BinaryEquals": Operator(_same_bytes, _bytes),
}
