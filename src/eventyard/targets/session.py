"""What targets outside have in common that talk over one lasting connection: it is made when it is needed, and anew
once it has failed; deliveries are timed, and each has its own outcome even where some are left without an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from eventyard.errors import Forbidden, InvalidRequest
from eventyard.plugin import Surroundings
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry

C = TypeVar("C")

#: Of the time of a delivery, the part that connecting may take.
_CONNECT = 0.6


class Refused(Exception):
    """The place refuses this event, and would again. ``code`` and ``message``: as in an outcome."""

    def __init__(self, message: str, code: str = "SDK_CLIENT_ERROR") -> None:
        super().__init__(message)
        self.code = code


class Away(Exception):
    """The place can't take it now. ``lost``: the connection is of no more use. ``after``: see Retry."""

    def __init__(
        self, message: str, code: str = "CONNECTION_FAILURE", lost: bool = True, after: float | None = None
    ) -> None:
        super().__init__(message)
        self.after = after
        self.code = code
        self.lost = lost


class Session(Generic[C]):
    """``connect`` makes a connection and raises Away, Refused or Forbidden, or OSError; ``close`` lets go of one, and
    may raise what it likes. At most one is open or being made."""

    def __init__(
        self,
        around: Surroundings,
        connect: Callable[[], Awaitable[C]],
        close: Callable[[C], Awaitable[Any]],
        usable: Callable[[C], bool] = lambda connection: True,
    ) -> None:
        self._around = around
        self._connect = connect
        self._let_go = close
        self._usable = usable
        self._turn = asyncio.Lock()
        self._connection: C | None = None

    async def deliver(
        self, batch: Sequence[Delivery], send: Callable[[C, Sequence[Delivery], float], Awaitable[Sequence[Outcome]]]
    ) -> Sequence[Outcome]:
        """What ``send`` answers for ``batch`` within the seconds that it is told; one outcome for all where there is no
        connection, or no answer."""
        if not batch:
            return []
        loop, seconds = asyncio.get_running_loop(), self._around.seconds
        end = loop.time() + seconds
        connection: C | None = None
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connected(seconds * _CONNECT)
                # A little less than there is, so that what has an outcome by then is not forgotten with the rest.
                outcomes = await send(connection, batch, (end - loop.time()) * 0.9)
                if any(isinstance(one, Retry) and one.code in _LOST for one in outcomes):
                    await self._drop(connection)
                return outcomes
        except TimeoutError:
            failed = Away(f"no answer within {seconds:.3g} seconds", "TIMEOUT")
        except Away as error:
            failed = error
        except OSError as error:
            failed = Away(f"the connection failed: {error.strerror or type(error).__name__}")
        except Refused as error:
            return [Permanent(error.code, str(error))] * len(batch)
        except Forbidden as error:
            return [Permanent("NO_PERMISSIONS", error.message)] * len(batch)
        if failed.lost and connection is not None:
            await self._drop(connection)
        return [Retry(failed.code, str(failed))] * len(batch)

    async def _connected(self, seconds: float) -> C:
        async with self._turn:
            if self._connection is not None and not self._usable(self._connection):
                await self._end(self._connection)
            if self._connection is None:
                try:
                    async with asyncio.timeout(seconds):
                        self._connection = await self._connect()
                except TimeoutError as error:
                    raise Away(f"no connection within {seconds:.3g} seconds", "TIMEOUT") from error
            return self._connection

    async def _drop(self, connection: C) -> None:
        async with self._turn:
            if self._connection is connection:
                await self._end(connection)

    async def _end(self, connection: C) -> None:
        self._connection = None
        with contextlib.suppress(Exception):  # it is of no more use, whatever it says to that
            async with asyncio.timeout(1):
                await self._let_go(connection)

    async def close(self) -> None:
        async with self._turn:
            if self._connection is not None:
                await self._end(self._connection)


_LOST = frozenset({"CONNECTION_FAILURE", "TIMEOUT"})


async def each(
    batch: Sequence[Delivery],
    send: Callable[[Delivery], Awaitable[object]],
    seconds: float,
    lost: asyncio.Event | None = None,
) -> list[Outcome]:
    """Send all of ``batch`` side by side, and answer for each by itself. ``send`` raises Refused, Away, InvalidRequest
    or OSError. What has not ended after ``seconds``, or when ``lost`` is set, is broken off, and says Retry."""
    tasks = [asyncio.ensure_future(send(item)) for item in batch]
    all_done = asyncio.gather(*tasks, return_exceptions=True)
    ending: list[asyncio.Future[Any]] = [all_done] if lost is None else [all_done, asyncio.ensure_future(lost.wait())]
    try:
        await asyncio.wait(ending, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, *ending[1:]):
            task.cancel()
        await asyncio.gather(all_done, *ending[1:], return_exceptions=True)
    cut = "the connection was lost" if lost is not None and lost.is_set() else f"no answer within {seconds:.3g} seconds"
    return [_outcome(task, cut) for task in tasks]


def _outcome(task: asyncio.Future[object], cut: str) -> Outcome:
    """``cut``: what is said of one that was broken off."""
    if task.cancelled():
        return Retry("TIMEOUT", cut)
    error = task.exception()
    if error is None:
        return DELIVERED
    if isinstance(error, Refused):
        return Permanent(error.code, str(error))
    if isinstance(error, InvalidRequest):
        return Permanent("SDK_CLIENT_ERROR", error.message)
    if isinstance(error, Away):
        return Retry(error.code, str(error))
    if isinstance(error, TimeoutError):
        return Retry("TIMEOUT", cut)
    if isinstance(error, OSError):
        return Retry("CONNECTION_FAILURE", f"the connection failed: {error.strerror or type(error).__name__}")
    raise error


def copy_id(item: Delivery) -> str:
    """What tells this delivery when it comes again, from all others: also from those that other rules make of the same
    event (docs/decisions, number 27)."""
    digest = blake2b(item.rule.encode(), digest_size=8)
    digest.update(item.payload)
    return f"{item.event_id}-{digest.hexdigest()}"


def missing(extra: str) -> InvalidRequest:
    """What is said where a library that is an extra is not installed."""
    return InvalidRequest(
        f"Targets of this kind need a library that is not installed: pip install 'eventyard[{extra}]'."
    )


def trusting(ca: str | None) -> ssl.SSLContext:
    """TLS that trusts the certificates in ``ca`` (PEM), or what the system trusts. Raises InvalidRequest."""
    try:
        return ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidRequest("ca holds no certificates in PEM.") from error


def address_of(url: str, schemes: Sequence[str], port: int) -> tuple[str, str, int]:
    """Scheme, host and port of ``url``. Raises ValueError for one that can't be used, or that holds credentials, which
    have settings of their own where they are sealed."""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"the url begins with {' or '.join(f'{scheme}://' for scheme in schemes)} and names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials don't belong into the url: give user and password by themselves")
    return parts.scheme, parts.hostname, parts.port or port


T = TypeVar("T")


def in_parts(items: Sequence[T], size: Callable[[T], int], most: int, most_bytes: int) -> list[Sequence[T]]:
    """``items`` in order, in parts of at most ``most`` with ``most_bytes`` together (at least one)."""
    parts: list[Sequence[T]] = []
    start = held = 0
    for at, item in enumerate(items):
        weight = size(item)
        if at > start and (at - start >= most or held + weight > most_bytes):
            parts.append(items[start:at])
            start, held = at, 0
        held += weight
    if start < len(items):
        parts.append(items[start:])
    return parts
