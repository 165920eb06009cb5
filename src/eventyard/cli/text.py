"""Text that an argument gives: itself, the content of ``@FILE``, or with ``-`` the standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from eventyard.errors import InvalidRequest


def read_text(argument: str, what: str) -> str:
    """Raises InvalidRequest, naming ``what`` was to be read, for a file that can't be read."""
    if argument == "-":
        return sys.stdin.read()
    if not argument.startswith("@"):
        return argument
    try:
        return Path(argument[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"Can't read the {what} from {argument[1:]}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"Can't read the {what} from {argument[1:]}: it is not UTF-8.") from error
