"""Where a stack is applied: the public APIs of a server, or of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from eventyard.errors import Unsupported


def only_here(site: Site, type: str) -> None:
    """Raises Unsupported if the site is AWS, which has nothing like ``type``."""
    if site.real:
        raise Unsupported(f"AWS has no {type}; apply it to an Eventyard server.")


class Site(Protocol):
    """``account``, ``region``: whose resources they are. ``real``: it is AWS."""

    @property
    def account(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def real(self) -> bool: ...

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What an operation, by its name in the API, answers. Raises NotFound, InvalidRequest with the service's words,
        or TryAgain where nobody answers."""
        ...

    def shape(self, service: str, operation: str) -> Any:
        """botocore's shape of what the operation takes."""
        ...

    def ask(
        self, method: str, page: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What one of Eventyard's own pages answers. Raises as ``call`` does; Unsupported where the site is AWS."""
        ...
