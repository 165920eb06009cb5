"""Where the local code of a function is."""

from __future__ import annotations

import posixpath

from eventyard.contract.finding import Place


def local(path: str, code: str, place: Place) -> str:
    """The folder or file ``code`` that the template at ``path`` names, seen from the file that asks for the function,
    at ``place``, which is another one where a file is made of several."""
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), code))
    if posixpath.isabs(whole) != posixpath.isabs(place[0]):
        return whole
    return posixpath.relpath(whole, posixpath.dirname(place[0]) or ".")
