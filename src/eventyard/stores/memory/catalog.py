"""The catalog in memory."""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.store import Change


class MemoryCatalog:
    """Keeps :class:`eventyard.store.Catalog`."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], bytes] = {}

    async def load(self, kind: str) -> dict[str, bytes]:
        return {key: value for (of, key), value in sorted(self._values.items()) if of == kind}

    async def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.value is None:
                self._values.pop((change.kind, change.key), None)
            else:
                self._values[change.kind, change.key] = change.value

    def clear(self) -> None:
        self._values.clear()
