"""Files that ask for resources: which kind each is, and what they ask for together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from eventyard.contract import Finding
from eventyard.errors import InvalidRequest
from eventyard.resource import Stack
from eventyard.stacks import Site

DEFAULT = Path("eventyard.yml")


def read_files(
    files: Sequence[Path], stack: str | None, parameters: Mapping[str, str], site: Site
) -> tuple[Stack | None, tuple[Finding, ...]]:
    """The stack that the files ask for, with findings. Raises InvalidRequest for what can't be opened."""
    from eventyard.templates.own import read_own

    if not files:
        if not DEFAULT.is_file():
            raise InvalidRequest(f"There is no {DEFAULT} here. Name the files, or see docs/apply.md for how one looks.")
        files = [DEFAULT]
    return read_own([(str(path), _text(path)) for path in files], stack, parameters, os.environ)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path} is no text in UTF-8.") from error
    except OSError as error:
        raise InvalidRequest(f"{path} can't be read: {error.strerror}.") from error


def pairs(given: Sequence[str]) -> dict[str, str]:
    """Values by names from ``NAME=VALUE``. Raises InvalidRequest."""
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise InvalidRequest(f"--parameter is a name and a value, STAGE=test, not {each!r}.")
        found[name] = value
    return found
