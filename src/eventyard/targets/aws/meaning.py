"""What an error of a service means for who asked: that the same may succeed later, or never will.

Sources: the errors that each operation in ``services`` can have, in its API reference and botocore's model of it;
"Common errors" of each service; "Retry behavior" in the SDKs reference guide (what throttling is called, which statuses
pass).
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from eventyard.targets.session import Away, Refused


class _Row(msgspec.Struct, frozen=True):
    """``passes``: whether to try again. ``words``: what is in codes that mean this; ``statuses``: those that do."""

    code: str
    passes: bool
    statuses: Container[int]
    words: tuple[str, ...]


#: The first row that fits is what it means; what fits none is wrong about what was asked, and no other time's matter.
_TABLE = (
    _Row(
        "THROTTLING",
        True,
        (429,),
        (
            "Throttl", "TooManyRequests", "LimitExceeded", "LimitReached", "QuotaExceeded", "SlowDown", "OverLimit",
            "ProvisionedThroughputExceeded", "PriorRequestNotComplete", "TransactionInProgress",
        ),
    ),
    _Row(
        "SERVER_ERROR",
        True,
        (408, *range(500, 600)),
        (
            "ServiceUnavailable", "InternalFailure", "InternalError", "InternalServer", "InternalException",
            "ServiceException", "Timeout", "RequestTimeTooSkewed", "Conflict", "ConcurrentModification",
            # of Lambda, about a function that is not there yet, or not at the moment
            "NotReady", "UserPending", "UserDeleted", "RegenerationFailure", "MountConnectivity", "EFSIO",
        ),
    ),
    _Row(  # somebody will give other credentials
        "NO_AUTHORIZATION",
        True,
        (),
        (
            "UnrecognizedClient", "InvalidClientTokenId", "InvalidAccessKeyId", "MissingAuthenticationToken",
            "Signature", "ExpiredToken", "RequestExpired", "OptInRequired", "InvalidToken",
        ),
    ),
    _Row(
        "NO_PERMISSIONS",
        False,
        (403,),
        ("AccessDenied", "NotAuthorized", "AuthorizationError", "InvalidSecurity"),
    ),
    _Row(
        "NO_RESOURCE",
        False,
        (404,),
        (
            "NotFound", "NonExistent", "DoesNotExist", "NoSuch", "StateMachineDeleting", "StateMachineTypeNotSupported",
        ),
    ),
)  # fmt: skip


def meaning(status: int, code: str, message: str, after: float | None = None) -> Refused | Away:
    """``status``: 0 for an entry of a batch, which has none. ``after``: seconds that the service asked to wait."""
    told = f"{code or status}: {message}" if message else code or f"status {status}"
    for row in _TABLE:
        if status in row.statuses or any(word.lower() in code.lower() for word in row.words):
            return Away(told, row.code, lost=False, after=after) if row.passes else Refused(told, row.code)
    return Refused(told)
