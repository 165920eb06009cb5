"""NATS subjects as targets: published to JetStream, whose answer says that a message is stored; or plainly, where a
flush says only that the server has seen it.

Source: NATS documentation, "JetStream: Publishing" (``Nats-Msg-Id`` and the window of duplicates).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from eventyard.plugin import Surroundings, TargetKind
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent
from eventyard.targets.filling import Filling
from eventyard.targets.session import Away, Refused, Session, address_of, copy_id, each, missing, trusting

_PORT = 4222
_CLOSING = 0.5  #: seconds
_TOO_LARGE = 10_054  #: "message size exceeds maximum allowed", JetStream's own error code


class NatsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``url``: nats:// or, with TLS, tls://. ``subject``: may have places such as ``<$.source>``. ``jetstream``: False
    publishes plainly. ``stream``: the stream that the subject must belong to. ``ca``: PEM, for tls://."""

    url: str
    subject: str
    jetstream: bool = True
    stream: str | None = None
    user: str | None = None
    password: str | None = None
    token: str | None = None
    ca: str | None = None

    def __post_init__(self) -> None:
        address_of(self.url, ("nats", "tls"), _PORT)
        if not self.subject or any(letter.isspace() or letter in "*>" for letter in _plain(self.subject)):
            raise ValueError("a subject to publish to has neither spaces nor wildcards")
        if self.stream is not None and not self.jetstream:
            raise ValueError("a stream is JetStream's")


class _Link:
    """``lost``: set once the connection is closed; what waits for an answer then would not be told otherwise."""

    def __init__(self, client: Any, lost: asyncio.Event) -> None:
        self.client = client
        self.lost = lost


class NatsTarget:
    """One connection, which never follows what the server tells of others: they would not have been judged."""

    batch_size = 100
    place = None

    def __init__(self, settings: NatsSettings, around: Surroundings) -> None:
        try:
            import nats
            import nats.js.errors
        except ImportError as error:
            raise missing("nats") from error
        self._nats: Any = nats
        self._settings = settings
        self._around = around
        self._subject = Filling(settings.subject)
        self._tls = trusting(settings.ca) if settings.url.startswith("tls:") else None
        self._session: Session[_Link] = Session(
            around, self._connect, lambda link: _end(link.client), lambda link: bool(link.client.is_connected)
        )

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await self._session.deliver(batch, self._stored if self._settings.jetstream else self._flushed)

    async def close(self) -> None:
        await self._session.close()

    async def _connect(self) -> _Link:
        errors, settings = self._nats.errors, self._settings
        _, host, port = address_of(settings.url, ("nats", "tls"), _PORT)
        failed: Exception | None = None
        for address in await self._around.network.addresses(host, port):
            client, lost = self._nats.NATS(), asyncio.Event()
            try:
                await client.connect(
                    f"nats://[{address}]:{port}" if ":" in address else f"nats://{address}:{port}",
                    name="eventyard",
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=max(1, int(self._around.seconds / 2)),
                    error_cb=_ignored,
                    closed_cb=_setting(lost),
                    tls=self._tls,
                    tls_hostname=host if self._tls is not None else None,
                    user=settings.user,
                    password=settings.password,
                    token=settings.token,
                )
                return _Link(client, lost)
            except (errors.Error, OSError, asyncio.CancelledError) as error:
                await _end(client)  # or what was opened would stay open
                if isinstance(error, asyncio.CancelledError):
                    raise
                failed = error
            if "authorization" in str(failed).lower():
                raise Away("the server refuses the credentials", "NO_AUTHORIZATION") from failed
        raise Away(f"no connection to {host}:{port}: {type(failed).__name__}") from failed

    async def _stored(self, link: _Link, batch: Sequence[Delivery], seconds: float) -> Sequence[Outcome]:
        stream, errors = link.client.jetstream(), self._nats.errors

        async def send(item: Delivery) -> None:
            subject = self._subject_of(item)
            headers = {"Nats-Msg-Id": copy_id(item), **_headers(item)}
            try:
                await stream.publish(subject, item.payload, seconds, self._settings.stream, headers)
            except errors.MaxPayloadError as error:
                raise Refused("The message is larger than the server takes.") from error
            except self._nats.js.errors.NoStreamResponseError as error:
                # Also while JetStream is coming up, so it may pass.
                raise Away(f"no stream takes what is published to {subject}", "NO_RESOURCE", lost=False) from error
            except self._nats.js.errors.APIError as error:
                if error.err_code == _TOO_LARGE:
                    raise Refused(f"The stream refuses the message: {error.description}.") from error
                raise Away(f"the stream answers: {error.description}", "SERVER_ERROR", lost=False) from error
            except errors.TimeoutError:
                raise
            except errors.Error as error:
                raise Away(f"the connection failed: {type(error).__name__}") from error

        return await each(batch, send, seconds, link.lost)

    async def _flushed(self, link: _Link, batch: Sequence[Delivery], seconds: float) -> Sequence[Outcome]:
        errors = self._nats.errors

        async def send(item: Delivery) -> None:
            try:
                await link.client.publish(self._subject_of(item), item.payload, headers=_headers(item))
            except errors.MaxPayloadError as error:
                raise Refused("The message is larger than the server takes.") from error

        try:
            outcomes = await each(batch, send, seconds, link.lost)
            if any(not isinstance(one, Permanent) for one in outcomes):
                await link.client.flush(max(0.1, seconds))
        except errors.TimeoutError as error:
            raise Away("the server did not answer to a flush", "TIMEOUT") from error
        except errors.Error as error:
            raise Away(f"the connection failed: {type(error).__name__}") from error
        return [one if isinstance(one, Permanent) else DELIVERED for one in outcomes]

    def _subject_of(self, item: Delivery) -> str:
        subject = self._subject.of(item.event)
        if any(letter.isspace() or letter in "*>" for letter in subject) or ".." in f".{subject}.":
            raise Refused(f"{subject[:200]!r} is no subject to publish to.")
        return subject


async def _end(client: Any) -> None:
    """Close ``client``, which would wait for ever for the end of a TLS connection that failed."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_CLOSING):
            await client.close()


def _setting(event: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def closed() -> None:
        event.set()

    return closed


async def _ignored(error: Exception) -> None:
    """Every failure is an outcome of the delivery that met it."""


def _headers(item: Delivery) -> dict[str, str]:
    return {"event-id": item.event_id} | ({"x-amzn-trace-id": item.trace} if item.trace else {})


def _plain(subject: str) -> str:
    """The subject without its places for values."""
    return "x".join(part.rpartition(">")[2] if at else part for at, part in enumerate(subject.split("<$")))


_UNGUARDED = frozenset({"subject", "jetstream", "stream"})
KIND = TargetKind(
    "NATS subject", NatsSettings, NatsTarget, frozenset({"password", "token"}), dedups=True, unguarded=_UNGUARDED
)
