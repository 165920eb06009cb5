"""Where the local code of a function is."""

from __future__ import annotations

import posixpath


def local(path: str, code: str) -> str:
    """The path of the folder or file ``code``, which the template at ``path`` names relative to itself."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), code))
