"""Where a repository of contracts is, seen from where the command was started."""

from __future__ import annotations

from pathlib import Path


def before(folder: Path) -> str:
    """What to put before a path in ``folder``, so that it is relative to the working directory; absolute if it is
    elsewhere. With slashes, also on Windows."""
    full = folder.resolve()
    here = Path.cwd()
    if full == here:
        return ""
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix() + "/"
