"""Which function a request means: by its name, its ARN, or the ARN's end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eventyard.errors import Forbidden, NotFound
from eventyard.functions import LATEST, function_arn
from eventyard.wire import Caller

_NAME = re.compile(
    r"(?:arn:aws[\w-]*:lambda:)?(?:(?P<region>[a-z]{2,}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>\$LATEST|[\w-]+))?",
    re.ASCII,
)


def arn_of(caller: Caller, params: Mapping[str, Any], member: str = "FunctionName") -> str:
    """The ARN of the function. Only ``$LATEST`` exists: there are no versions and no aliases.

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
    if account != caller.account:
        raise Forbidden(
            f"User: arn:aws:iam::{caller.account}:root is not authorized to access resource: {arn}",
            "AccessDeniedException",
        )
    for qualifier in (found["qualifier"], params.get("Qualifier")):
        if qualifier not in (None, LATEST):
            raise NotFound(f"Function not found: {arn}:{qualifier}", "ResourceNotFoundException")
    return arn
