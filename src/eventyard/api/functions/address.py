"""Which function a request means: by its name, its ARN, or the ARN's end; and whether another account's may be invoked.

A policy that this server can't hold callers to, with conditions that it doesn't know for instance, allows nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from eventyard.errors import Forbidden, InvalidRequest, NotFound
from eventyard.functions import LATEST, function_arn
from eventyard.policy import CONNECTED, Request, of_caller, of_connection, parse_policy
from eventyard.wire import Caller

_NAME = re.compile(
    r"(?:arn:aws[\w-]*:lambda:)?(?:(?P<region>[a-z]{2,}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>\$LATEST|[\w-]+))?",
    re.ASCII,
)


def arn_of(
    caller: Caller,
    params: Mapping[str, Any],
    member: str = "FunctionName",
    policy: Callable[[str], str | None] = lambda arn: None,
) -> str:
    """The ARN of the function. Only ``$LATEST`` exists: there are no versions and no aliases. ``policy``: where other
    accounts may be let in, the policy's text by the ARN.

    Raises:
        NotFound: another version or alias is asked for.
        Forbidden: the function is another account's.
    """
    text = params[member]
    found = _NAME.fullmatch(text)
    if found is None:
        raise NotFound(f"Function not found: {text[:200]}", "ResourceNotFoundException")
    account, region = found["account"] or caller.account, found["region"] or caller.region
    arn = function_arn(account, region, found["name"])
    if account != caller.account and not _invited(caller, arn, policy(arn)):
        raise Forbidden(
            f"User: arn:aws:iam::{caller.account}:root is not authorized to access resource: {arn}",
            "AccessDeniedException",
        )
    for qualifier in (found["qualifier"], params.get("Qualifier")):
        if qualifier not in (None, LATEST):
            raise NotFound(f"Function not found: {arn}:{qualifier}", "ResourceNotFoundException")
    return arn


def _invited(caller: Caller, arn: str, policy: str | None) -> bool:
    """Whether ``policy`` lets the caller's account invoke the function."""
    if policy is None:
        return False
    keys = {
        **of_caller(caller.account, caller.region, arn),
        **of_connection(caller.address, caller.secure),
    }
    try:
        decider = parse_policy(policy, CONNECTED, lenient=True).decide(
            Request((caller.account,), "lambda:InvokeFunction", arn, keys)
        )
    except InvalidRequest:
        return False
    return decider is not None and decider.allows
