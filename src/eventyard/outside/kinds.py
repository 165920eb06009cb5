"""The kinds of targets outside: those that the house hands in, and those that other packages bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint

import structlog

from eventyard.errors import InvalidRequest
from eventyard.plugin import GROUP, TargetKind

log = structlog.get_logger("outside")


class Kinds:
    """``own``: by name. ``brought``: entry points of other packages, loaded when somebody asks for them; none of them
    takes the name of another."""

    def __init__(self, own: Mapping[str, TargetKind], brought: Iterable[EntryPoint] = ()) -> None:
        self._loaded = dict(own)
        self._brought: dict[str, EntryPoint] = {}
        for point in brought:
            if point.name in self._loaded or point.name in self._brought:
                log.warning("a kind of target has a name that is taken", kind=point.name, package=_package(point))
            else:
                self._brought[point.name] = point

    def names(self) -> list[str]:
        return sorted({*self._loaded, *self._brought})

    def find(self, kind: str) -> TargetKind:
        """Raises InvalidRequest for a kind that isn't known or can't be loaded."""
        found = self._loaded.get(kind)
        if found is None:
            point = self._brought.get(kind)
            if point is None:
                raise InvalidRequest(f"{kind!r} is no kind of target. Known are {', '.join(self.names())}.")
            found = self._loaded[kind] = _load(point)
        return found

    def is_remote(self, kind: str) -> bool:
        """Whether it declares accounts; no for one that can't be loaded."""
        found = self._loaded.get(kind)
        if found is None and kind in self._brought:
            try:
                found = self.find(kind)
            except InvalidRequest as error:
                log.warning("a kind of target can't be had", kind=kind, reason=error.message)
        return found is not None and found.remote is not None

    def leads(self, arn: str, kind: str | None = None) -> bool:
        """Whether ``kind``, or any that is loaded, delivers to what ``arn`` names once its account is declared."""
        found = self._loaded.values() if kind is None else [self._loaded[kind]] if self.is_remote(kind) else []
        return any(one.remote is not None and one.remote(arn) for one in found)


def _load(point: EntryPoint) -> TargetKind:
    try:
        found = point.load()
    except Exception as error:  # whatever another package's module does when it is imported
        log.exception("a kind of target can't be loaded", kind=point.name, package=_package(point))
        raise InvalidRequest(
            f"The kind of target {point.name} of package {_package(point)} can't be loaded: {error}."
        ) from error
    if not isinstance(found, TargetKind):
        raise InvalidRequest(f"The entry point {point.name} of {GROUP} in package {_package(point)} is no TargetKind.")
    return found


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value
