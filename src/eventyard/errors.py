"""Every error that leaves a room: the type says what the reader should do, the code and message are AWS's.

    EventyardError
    ├── InvalidRequest     fix the input: sending the same again fails the same way
    │   └── InvalidPattern     the event pattern is not valid
    ├── NotFound           name something that exists
    ├── Conflict           the resource is there already, is in use, or changed meanwhile
    ├── Forbidden          use other credentials, or ask for the permission
    ├── LimitExceeded      remove something, or raise the limit
    ├── Unsupported        this server does not do that (yet); the message names it
    ├── TryAgain           wait and send the same again
    └── Broken             call the operator: a disk, a file or a peer is at fault

HTTP status codes are not decided here but in one place: ``wire``.
"""

from __future__ import annotations

from typing import ClassVar


class EventyardError(Exception):
    """A refusal with AWS's error ``code`` and AWS's sentence as ``message``."""

    default_code: ClassVar[str] = "InternalException"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code


class InvalidRequest(EventyardError):
    """Fix the input."""

    default_code = "ValidationException"


class InvalidPattern(InvalidRequest):
    """The event pattern is not valid; ``message`` starts with AWS's "Event pattern is not valid. Reason: "."""

    default_code = "InvalidEventPatternException"


class NotFound(EventyardError):
    """Name something that exists."""

    default_code = "ResourceNotFoundException"


class Conflict(EventyardError):
    """The resource exists already, is in use, or was changed by somebody else."""

    default_code = "ResourceAlreadyExistsException"


class Forbidden(EventyardError):
    """Use other credentials or ask for the permission."""

    default_code = "AccessDeniedException"


class LimitExceeded(EventyardError):
    """Remove something or raise the limit."""

    default_code = "LimitExceededException"


class Unsupported(EventyardError):
    """This server does not do that; ``message`` names what."""

    default_code = "UnsupportedOperationException"


class TryAgain(EventyardError):
    """Wait and send the same again."""

    default_code = "ThrottlingException"


class Broken(EventyardError):
    """Call the operator: storage or a peer is at fault."""

    default_code = "InternalException"
