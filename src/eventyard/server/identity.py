"""The name of a server's data: positions in its logs mean nothing in another's, nor after a reset."""

from __future__ import annotations

from uuid import uuid4

from eventyard.store import Catalog, Change

_KIND, _KEY = "identity", "log"


async def identity_of(catalog: Catalog) -> str:
    """The name that the data was given when it was new."""
    known = (await catalog.load(_KIND)).get(_KEY)
    if known is None:
        known = uuid4().hex.encode()
        await catalog.apply([Change(_KIND, _KEY, known)])
    return known.decode()
