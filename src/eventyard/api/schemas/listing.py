"""Pages of this API's lists: at most 100 a page, and tokens that are good for a day and their own account.

Source: API reference, the parameters limit and nextToken of all lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from eventyard.api.events.pages import page
from eventyard.errors import InvalidRequest
from eventyard.wire import Caller

T = TypeVar("T")


def paged(
    caller: Caller, params: Mapping[str, Any], items: Sequence[T], key: Callable[[T], str], listing: str
) -> tuple[Sequence[T], str | None]:
    """The items of the page that is asked for, and the token of the next. ``items`` must be sorted by ``key``.
    Raises InvalidRequest."""
    limit = params.get("Limit")
    if limit is not None and not 1 <= limit <= 100:
        raise InvalidRequest(f"Limit must be from 1 to 100, not {limit}.")
    return page(items, key, params, f"{listing} {caller.account} {caller.region}")
