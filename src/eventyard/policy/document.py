"""A resource policy as statements, and its decision on a request. It does no I/O.

Source: IAM user guide, "IAM JSON policy elements reference" and "Policy evaluation logic".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.policy.condition import Condition, glob, parse_conditions, refuse, texts

_MEMBERS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}


class Request(msgspec.Struct, frozen=True):
    """What is asked: ``keys`` are the condition keys that are known, with lower case names."""

    account: str  #: twelve digits
    action: str  #: "events:PutEvents"
    resource: str  #: an ARN
    keys: Mapping[str, str] = {}


class Statement(msgspec.Struct, frozen=True):
    """One statement. A part that the policy leaves out is empty."""

    sid: str | None
    allows: bool
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def applies(self, request: Request) -> bool:
        action = request.action.lower()
        if self.actions and not any(glob(action, wanted.lower()) for wanted in self.actions):
            return False
        if any(glob(action, wanted.lower()) for wanted in self.not_actions):
            return False
        if not any(_is_principal(request.account, wanted) for wanted in self.principals):
            return False
        if not any(glob(request.resource, wanted) for wanted in self.resources):
            return False
        return all(condition.holds(request.keys) for condition in self.conditions)


class Policy(msgspec.Struct, frozen=True):
    statements: tuple[Statement, ...]

    def decide(self, request: Request) -> Statement | None:
        """The statement that decides: the first that denies, else the first that allows; None if none applies."""
        applying = [statement for statement in self.statements if statement.applies(request)]
        return next((statement for statement in applying if not statement.allows), applying[0] if applying else None)


@lru_cache(maxsize=1024)
def parse_policy(text: str) -> Policy:
    """The policy that ``text`` is; InvalidRequest names what this server can't hold it to."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("Parameter Policy is not valid. Reason: It is not JSON.") from error
    if not isinstance(document, dict):
        refuse("It is not an object.")
    if unknown := document.keys() - {"Version", "Id", "Statement"}:
        refuse(f"Unknown element {min(unknown)}.")
    if document.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        refuse("Version must be 2012-10-17 or 2008-10-17.")
    statements = document.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    if not statements or not isinstance(statements, list):
        refuse("It has no statements.")
    return Policy(tuple(map(_statement, statements)))


def _statement(given: Any) -> Statement:
    if not isinstance(given, dict):
        refuse("A statement must be an object.")
    if unknown := given.keys() - _MEMBERS:
        refuse(f"Unknown element {min(unknown)} in a statement.")
    for name in ("NotPrincipal", "NotResource"):
        if name in given:
            refuse(f"This server does not hold policies to {name}.")
    if given.get("Effect") not in ("Allow", "Deny") or ("Action" in given) == ("NotAction" in given):
        refuse("A statement needs an Effect and an Action.")
    if "Principal" not in given or "Resource" not in given:
        refuse("A statement needs a Principal and a Resource.")
    sid = given.get("Sid")
    if sid is not None and not isinstance(sid, str):
        refuse("Sid must be a string.")
    resources = texts("Resource", given["Resource"])
    if any("${" in resource for resource in resources):
        refuse("This server does not fill in policy variables.")
    return Statement(
        sid=sid,
        allows=given["Effect"] == "Allow",
        principals=_principals(given["Principal"]),
        actions=texts("Action", given["Action"]) if "Action" in given else (),
        not_actions=texts("NotAction", given["NotAction"]) if "NotAction" in given else (),
        resources=resources,
        conditions=parse_conditions(given.get("Condition", {})),
    )


def _principals(given: Any) -> tuple[str, ...]:
    """Accounts of twelve digits and "*". A service is kept as its name, which no account is."""
    if given == "*":
        return ("*",)
    if not isinstance(given, dict) or not given:
        refuse('Principal must be "*" or an object.')
    if unknown := given.keys() - {"AWS", "Service"}:
        refuse(f"Unknown kind of principal {min(unknown)}.")
    found = list(texts("Principal", given["Service"])) if "Service" in given else []
    if "*" in found:
        refuse("A service can't be a wildcard.")
    for name in texts("Principal", given["AWS"]) if "AWS" in given else ():
        arn = Arn.parse(name)
        account = arn.account if arn is not None and arn.service == "iam" and arn.resource == "root" else name
        # A caller here is an account, never a user or role of it: such a statement could not be held to.
        if account != "*" and not (len(account) == 12 and account.isascii() and account.isdigit()):
            refuse(f"Principal {name} is not an account.")
        found.append(account)
    return tuple(found)


def _is_principal(account: str, wanted: str) -> bool:
    return wanted in ("*", account)
