"""Keys in files of their own: made once, read by nobody else, there whole or not at all. It knows no key's use."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from eventyard.errors import Broken, InvalidRequest


def read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """What is in the file at ``path``, which is written with ``make()`` if it is not there yet.

    Raises:
        InvalidRequest: others may read it.
        Broken: it can't be read or written.
    """
    try:
        if not path.exists():
            _write(path, make())
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_bytes()
    except OSError as error:
        raise Broken(f"Can't use the key in {path}: {error.strerror}.") from error
    if mode & 0o077:
        raise InvalidRequest(f"Others can read {path}, which holds a secret key. Run: chmod 600 {path}")
    return content


def _write(path: Path, content: bytes) -> None:
    """Write a new key so that after a power loss there is the whole key or none: what was sealed with a lost key is
    lost as well."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
