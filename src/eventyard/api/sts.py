"""The one operation of AWS STS that tools ask before anything else: who am I?"""

from __future__ import annotations

from typing import Any

from eventyard.wire import Caller, Door


def sts_door() -> Door:
    """GetCallerIdentity, which answers with the root of the caller's account."""
    return Door(service="sts", operations={"GetCallerIdentity": _get_caller_identity})


async def _get_caller_identity(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return {"UserId": caller.account, "Account": caller.account, "Arn": f"arn:aws:iam::{caller.account}:root"}
