"""``@idempotent``: a handler's function that does its work once for each event, whatever is delivered twice."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec

from eventyard.client.delivery import EventInfo
from eventyard.client.idempotency.store import Busy, Done, Store
from eventyard.errors import InvalidRequest, TryAgain

Key = Callable[[EventInfo], str]
_log = logging.getLogger(__name__)


def idempotent(
    store: Store, *, key: Key | None = None, name: str | None = None, lease: float = 60.0, keep: float = 86_400.0
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function under ``@handler`` do its work once for each key, and answer the same again.

    ``key``: of an event; its ``key``, unless given. ``name``: what tells this function's keys from those of others; its
    module and name, unless given. ``lease``: seconds in which the work is done; past them another may begin it.
    ``keep``: seconds for which it is remembered. The function raises: nothing is remembered, and the next delivery
    tries again.

    The wrapped function raises TryAgain while another is at it, so that the event is delivered again later; and
    InvalidRequest, once, if the result can't be JSON: the work was done and is remembered."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        once = _Once(store, name or f"{function.__module__}.{function.__qualname__}", key, lease, keep)
        signature = inspect.signature(function)
        informed = len(signature.parameters) > 1

        def arguments(detail: Any, info: EventInfo) -> tuple[Any, ...]:
            return (detail, info) if informed else (detail,)

        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def run(detail: Any, info: EventInfo) -> Any:
                token, result = await asyncio.to_thread(once.begin, info)
                if token is None:
                    return result
                try:
                    answer = await function(*arguments(detail, info))
                except BaseException:
                    await asyncio.shield(asyncio.to_thread(once.give_up, info, token))
                    raise
                await asyncio.to_thread(once.finish, info, token, answer)
                return answer

        else:

            @wraps(function)
            def run(detail: Any, info: EventInfo) -> Any:
                token, result = once.begin(info)
                if token is None:
                    return result
                try:
                    answer = function(*arguments(detail, info))
                except BaseException:
                    once.give_up(info, token)
                    raise
                once.finish(info, token, answer)
                return answer

        first = next(iter(signature.parameters.values()))
        second = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        run.__signature__ = signature.replace(parameters=[first, second])  # type: ignore[attr-defined]
        return run

    return decorate


class _Once:
    """The steps around the work of one function."""

    def __init__(self, store: Store, name: str, key: Key | None, lease: float, keep: float) -> None:
        self._store = store
        self._name = name
        self._key = key
        self._lease = lease
        self._keep = keep

    def begin(self, info: EventInfo) -> tuple[str | None, Any]:
        """The token, if the work is to be done now, or else what was answered before."""
        begun = self._store.begin(self._of(info), self._lease)
        if isinstance(begun, Done):
            return None, msgspec.json.decode(begun.result)
        if isinstance(begun, Busy):
            raise TryAgain(f"{self._of(info)} is being handled elsewhere.", "InProgress")
        return begun.token, None

    def finish(self, info: EventInfo, token: str, answer: Any) -> None:
        try:
            result, error = msgspec.json.encode(answer), None
        except (TypeError, ValueError) as problem:
            result, error = b"null", problem
        if not self._store.finish(self._of(info), token, result, self._keep):
            _log.warning("%s took longer than %g s, so it may have been done twice", self._of(info), self._lease)
        if error is not None:
            raise InvalidRequest(f"What {self._name} answered can't be remembered as JSON: {error}") from error

    def give_up(self, info: EventInfo, token: str) -> None:
        self._store.give_up(self._of(info), token)

    def _of(self, info: EventInfo) -> str:
        return f"{self._name} {info.key if self._key is None else self._key(info)}"
