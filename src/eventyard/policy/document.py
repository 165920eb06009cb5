"""A resource policy as statements, and its decision on a request. It does no I/O.

Source: IAM user guide, "IAM JSON policy elements reference" and "Policy evaluation logic".
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.policy.condition import Condition, Unclear, parse_conditions
from eventyard.policy.keys import CALLER
from eventyard.policy.text import Keys, Text, like, read_text, refuse

_MEMBERS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")


class Request(msgspec.Struct, frozen=True):
    """What is asked: ``keys`` are the condition keys that are known, with lower case names. ``principals``: all that
    the one who asks is: an account of twelve digits, and the ARN of a role of it; or the name of a service."""

    principals: tuple[str, ...]
    action: str  #: "events:PutEvents"
    resource: str  #: an ARN
    keys: Keys = {}


class Statement(msgspec.Struct, frozen=True):
    """One statement. ``others``: it is for all principals, actions or resources but those that are listed."""

    sid: str | None
    allows: bool
    principals: tuple[str, ...]
    other_principals: bool
    actions: tuple[Text, ...]
    other_actions: bool
    resources: tuple[Text, ...]
    other_resources: bool
    conditions: tuple[Condition | Unclear, ...]

    def applies(self, request: Request) -> bool:
        return (
            self._is_for(request.principals)
            and self._names(request.action.lower())
            and any(_is_resource(request.resource, text, request.keys) for text in self.resources)
            != self.other_resources
            and all(condition.holds(request.keys, not self.allows) for condition in self.conditions)
        )

    def _is_for(self, asking: tuple[str, ...]) -> bool:
        """A role is spared by NotPrincipal only if its account is listed too ("NotPrincipal")."""
        if self.other_principals:
            return not all(name in self.principals for name in asking)
        return "*" in self.principals or any(name in self.principals for name in asking)

    def _names(self, action: str) -> bool:
        return any(like(action, text.fill({}) or ()) for text in self.actions) != self.other_actions


class Policy(msgspec.Struct, frozen=True):
    statements: tuple[Statement, ...]

    def decide(self, request: Request) -> Statement | None:
        """The statement that decides: the first that denies, else the first that allows; None if none applies."""
        applying = [statement for statement in self.statements if statement.applies(request)]
        return next((statement for statement in applying if not statement.allows), applying[0] if applying else None)


@lru_cache(maxsize=1024)
def parse_policy(text: str, known: frozenset[str] = CALLER, lenient: bool = False) -> Policy:
    """The policy that ``text`` is; InvalidRequest names what this server can't hold it to.

    ``known``: the condition keys that requests may have. ``lenient``: for policies that were not refused when they were
    put: a statement with a condition that is not known allows nothing, and denies whatever the condition says; a
    principal that is not known is nobody."""
    try:
        document = json.loads(text, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("Parameter Policy is not valid. Reason: It is not JSON.") from error
    if not isinstance(document, dict):
        refuse("It is not an object.")
    if unknown := document.keys() - {"Version", "Id", "Statement"}:
        refuse(f"Unknown element {min(unknown)}.")
    version = document.get("Version", "2008-10-17")
    if version not in ("2012-10-17", "2008-10-17"):
        refuse("Version must be 2012-10-17 or 2008-10-17.")
    given = document.get("Statement", [])
    if isinstance(given, dict):
        given = [given]
    if not given or not isinstance(given, list):
        refuse("It has no statements.")
    # Variables came with the later version; in the earlier "${" is text as any other ("Version").
    reader = _Reader(known, lenient, version == "2012-10-17")
    statements = tuple(map(reader.statement, given))
    sids = [statement.sid for statement in statements if statement.sid is not None]
    if len(set(sids)) < len(sids):
        refuse("Two statements have the same Sid.")
    return Policy(statements)


@lru_cache(maxsize=1024)
def denies(text: str) -> bool:
    """Whether the policy ``text`` has a statement that denies: only that can refuse the resource's own account. One
    that can't be read might."""
    try:
        given = json.loads(text)["Statement"]
        statements = [given] if isinstance(given, dict) else given
        return any(statement["Effect"] != "Allow" for statement in statements)
    except (ValueError, KeyError, TypeError, RecursionError):
        return True


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; which of two members of one name would count nobody should have to guess."""
    found = dict(pairs)
    if len(found) < len(pairs):
        refuse("An element is there twice.")
    return found


class _Reader(msgspec.Struct, frozen=True):
    known: frozenset[str]
    lenient: bool
    variables: bool

    def statement(self, given: Any) -> Statement:
        if not isinstance(given, dict):
            refuse("A statement must be an object.")
        if unknown := given.keys() - _MEMBERS:
            refuse(f"Unknown element {min(unknown)} in a statement.")
        if given.get("Effect") not in ("Allow", "Deny"):
            refuse("A statement needs an Effect, Allow or Deny.")
        for name in ("Principal", "Action", "Resource"):
            if (name in given) == (f"Not{name}" in given):
                refuse(f"A statement needs one of {name} and Not{name}.")
        if "NotPrincipal" in given and given["Effect"] == "Allow":  # "not supported", the source says
            refuse("NotPrincipal can't be used with Allow.")
        sid = given.get("Sid")
        if sid is not None and not isinstance(sid, str):
            refuse("Sid must be a string.")
        return Statement(
            sid=sid or None,
            allows=given["Effect"] == "Allow",
            principals=self._principals(given.get("Principal", given.get("NotPrincipal"))),
            other_principals="NotPrincipal" in given,
            actions=self._actions(given.get("Action", given.get("NotAction"))),
            other_actions="NotAction" in given,
            resources=tuple(map(self._resource, _texts("Resource", given.get("Resource", given.get("NotResource"))))),
            other_resources="NotResource" in given,
            conditions=parse_conditions(
                given.get("Condition", {}), self.known, lenient=self.lenient, variables=self.variables
            ),
        )

    def _actions(self, given: Any) -> tuple[Text, ...]:
        found = []
        for name in _texts("Action", given):
            if not _ACTION.fullmatch(name):
                refuse(f"Action {name} is not one.")
            found.append(read_text(name.lower(), wildcards=True, variables=False, known=self.known))
        return tuple(found)

    def _resource(self, name: str) -> Text:
        return read_text(name, wildcards=True, variables=self.variables, known=self.known)

    def _principals(self, given: Any) -> tuple[str, ...]:
        """ "*", accounts as their twelve digits, roles as their ARNs, services as their names."""
        if given == "*":
            return ("*",)
        if not isinstance(given, dict) or not given:
            refuse('Principal must be "*" or an object.')
        if (unknown := given.keys() - {"AWS", "Service"}) and not self.lenient:
            refuse(f"Principals of kind {min(unknown)} are not known to this server.")
        found = []
        for name in _texts("Principal", given["Service"]) if "Service" in given else ():
            if not _SERVICE.fullmatch(name) and not self.lenient:
                refuse(f"Principal {name} is not a service.")
            found.append(name)
        for name in _texts("Principal", given["AWS"]) if "AWS" in given else ():
            found.append(name if name == "*" else self._account_or_role(name))
        return tuple(found)

    def _account_or_role(self, name: str) -> str:
        """Who asks here is an account or a role that a rule delivers with: a user of an account never comes."""
        arn = Arn.parse(name)
        if arn is not None and arn.service == "iam" and _is_account(arn.account):
            if arn.resource == "root":
                return arn.account
            if arn.resource.startswith("role/") and "*" not in name and "?" not in name:
                return name
        if not _is_account(name) and not self.lenient:
            refuse(f"Principal {name} is not an account or a role, and others are not known to this server.")
        return name


def _is_account(text: str) -> bool:
    return len(text) == 12 and text.isascii() and text.isdigit()


def _texts(name: str, given: Any) -> tuple[str, ...]:
    """``given`` as texts: one or a list of at least one."""
    values = given if isinstance(given, list) else [given]
    if not values or not all(isinstance(value, str) for value in values):
        refuse(f"{name} must be a string or a list of strings.")
    return tuple(values)


def _is_resource(resource: str, wanted: Text, keys: Keys) -> bool:
    glob = wanted.fill(keys)
    return glob is not None and like(resource, glob)
