"""The condition keys that requests can have here. A name that ends in ``/`` stands for a family of keys.

Sources: IAM user guide, "AWS global condition context keys"; EventBridge user guide, "Using IAM policy conditions in
Amazon EventBridge". Left out is what anybody can write into a request: ``aws:UserAgent``, ``aws:Referer``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from eventyard.names import Arn
from eventyard.policy.text import Keys

#: What ``of_caller`` and ``of_members`` say of a request, and where a request came by way of a service.
_SAID = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principalorgid",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:viaawsservice",
}
_TIMES = {"aws:currenttime", "aws:epochtime"}
#: What no request has, as on AWS in these circumstances: this server knows no paths in organizations, no private
#: networks, no users and sessions inside of an account, and no tags of accounts.
_NEVER = {
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalorgpaths",
    "aws:principaltag/",
    "aws:resourceorgpaths",
    "aws:sourceidentity",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tokenissuetime",
    "aws:username",
    "aws:vpcsourceip",
}
#: Requests of callers, of which no more than that is said.
CALLER = frozenset(_SAID | _NEVER)

#: Requests of callers, of which the connection is known, too.
CONNECTED = CALLER | {"aws:securetransport", "aws:sourceip"}

#: Requests of callers to a queue or a topic.
DIRECT = CONNECTED | _TIMES

#: Requests to a bus and the rules on it.
BUS = CONNECTED | {
    *_TIMES,
    "aws:resourcetag/",
    "aws:requesttag/",
    "aws:tagkeys",
    "events:creatoraccount",
    "events:detail-type",
    "events:detail.eventtypecode",
    "events:detail.service",
    "events:detail.useridentity.principalid",
    "events:eventbusinvocation",
    "events:managedby",
    "events:source",
    "events:targetarn",
}

#: What this server itself brings to a queue or a topic. Nothing goes over a wire, and no user's program asks.
DELIVERY = CALLER | {
    *_TIMES,
    "aws:principalservicenameslist",
    "aws:referer",
    "aws:securetransport",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:useragent",
}


def of_caller(account: str, region: str, resource: str, role: str | None = None) -> Keys:
    """What is known of a request to ``resource`` (an ARN). ``role``: the ARN of the role of ``account`` that asks."""
    return {
        "aws:principalaccount": account,
        "aws:principalarn": role or f"arn:aws:iam::{account}:root",
        "aws:principalisawsservice": "false",
        "aws:principaltype": "AssumedRole" if role else "Account",
        "aws:requestedregion": region,
        "aws:resourceaccount": _account(resource),
        "aws:viaawsservice": "false",
    }


def of_connection(address: str, secure: bool) -> Keys:
    """What is known of the way of a request. ``address``: an IP address, or empty. ``secure``: nobody could listen."""
    keys = {"aws:securetransport": "true" if secure else "false"}
    return keys | {"aws:sourceip": address} if address else keys


def of_service(service: str, source: str, resource: str) -> Keys:
    """What is known where ``service``, "events.amazonaws.com", comes to ``resource`` on behalf of ``source`` (ARNs)."""
    arn = Arn.parse(resource)
    return {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": service,
        "aws:principalservicenameslist": (service,),
        "aws:requestedregion": "" if arn is None else arn.region,
        "aws:resourceaccount": _account(resource),
        "aws:securetransport": "true",
        "aws:sourceaccount": _account(source),
        "aws:sourcearn": source,
        "aws:sourceowner": _account(source),
        "aws:viaawsservice": "false",
    }


def of_members(organizations: Mapping[str, str], principal: str, resource: str, source: str = "") -> Keys:
    """The keys about organizations, of those accounts that are in one. ``organizations``: id by account. ``principal``:
    the account that asks, or "" for a service. ``resource``, ``source``: ARNs."""
    accounts = {
        "aws:principalorgid": principal,
        "aws:resourceorgid": _account(resource),
        "aws:sourceorgid": _account(source),
    }
    return {key: organizations[account] for key, account in accounts.items() if account in organizations}


def at_time(now: int) -> Keys:
    """The keys that are about time; ``now``: ms since the epoch."""
    written = datetime.fromtimestamp(now // 1000, UTC).isoformat().replace("+00:00", "Z")
    return {"aws:currenttime": written, "aws:epochtime": str(now // 1000)}


def _account(text: str) -> str:
    arn = Arn.parse(text)
    return "" if arn is None else arn.account
