"""AMQP exchanges (RabbitMQ) as targets: published with confirms, and back to us where no queue wants it.

Sources: AMQP 0-9-1 reference; RabbitMQ documentation, "Consumer Acknowledgements and Publisher Confirms" (a persistent
message is confirmed when it is on disk) and "Publishers" (mandatory).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from eventyard.plugin import Surroundings, TargetKind
from eventyard.target import Delivery, Outcome
from eventyard.targets.filling import Filling
from eventyard.targets.session import Away, Refused, Session, address_of, copy_id, each, missing, trusting

_PORTS = {"amqp": 5672, "amqps": 5671}


class AmqpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``url``: amqp:// or, with TLS, amqps://. ``exchange``: empty for the default exchange, whose routing keys are
    names of queues. ``routing_key``: may have places such as ``<$.detail-type>``. ``mandatory``: whether a message that
    no queue wants has failed."""

    url: str
    exchange: str
    routing_key: str
    mandatory: bool = True
    vhost: str = "/"
    user: str = "guest"
    password: str = "guest"
    ca: str | None = None

    def __post_init__(self) -> None:
        address_of(self.url, tuple(_PORTS), 0)


class _Link:
    def __init__(self, connection: Any, channel: Any) -> None:
        self.connection = connection
        self.channel = channel


class AmqpTarget:
    """One connection with one channel."""

    batch_size = 100
    place = None

    def __init__(self, settings: AmqpSettings, around: Surroundings) -> None:
        try:
            import aiormq
        except ImportError as error:
            raise missing("amqp") from error
        self._aiormq: Any = aiormq
        self._settings = settings
        self._around = around
        self._key = Filling(settings.routing_key)
        self._tls = trusting(settings.ca) if settings.url.startswith("amqps:") else None
        self._session: Session[_Link] = Session(
            around, self._connect, lambda link: link.connection.close(), lambda link: not link.channel.is_closed
        )

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await self._session.deliver(batch, self._publish)

    async def close(self) -> None:
        await self._session.close()

    async def _connect(self) -> _Link:
        errors, settings = self._aiormq.exceptions, self._settings
        scheme, host, port = address_of(settings.url, tuple(_PORTS), 0)
        port = port or _PORTS[scheme]
        login = f"{quote(settings.user, safe='')}:{quote(settings.password, safe='')}"
        failed: Exception | None = None
        for address in await self._around.network.addresses(host, port):
            there = f"[{address}]" if ":" in address else address
            url = f"{scheme}://{login}@{there}:{port}/{quote(settings.vhost, safe='')}"
            name = {} if self._tls is None else {"server_hostname": host}
            try:
                connection = await self._aiormq.connect(url, context=self._tls, **name)
                return _Link(connection, await connection.channel(publisher_confirms=True, on_return_raises=True))
            except (errors.AuthenticationError, errors.ProbableAuthenticationError) as error:
                raise Away("the server refuses the credentials", "NO_AUTHORIZATION") from error
            except (errors.AMQPError, OSError, RuntimeError) as error:
                failed = error
        raise Away(f"no connection to {host}:{port}: {type(failed).__name__}") from failed

    async def _publish(self, link: _Link, batch: Sequence[Delivery], seconds: float) -> Sequence[Outcome]:
        errors, exchange = self._aiormq.exceptions, self._settings.exchange

        async def send(item: Delivery) -> None:
            key = self._key.of(item.event)
            if len(key.encode()) > 255:
                raise Refused("A routing key has at most 255 bytes.")
            try:
                await link.channel.basic_publish(
                    item.payload,
                    exchange=exchange,
                    routing_key=key,
                    properties=self._properties(item),
                    mandatory=self._settings.mandatory,
                )
            except errors.PublishError as error:
                raise Refused(f"No queue of exchange {exchange!r} wants routing key {key!r}.", "UNROUTABLE") from error
            except errors.ChannelNotFoundEntity as error:
                raise Refused(f"There is no exchange {exchange!r}.", "NO_RESOURCE") from error
            except errors.ChannelAccessRefused as error:
                raise Refused(f"Publishing to exchange {exchange!r} is not allowed.", "NO_PERMISSIONS") from error
            except errors.ChannelPreconditionFailed as error:
                raise Refused("The server refuses the message as too large, or not as the exchange has it.") from error
            except errors.DeliveryError as error:
                raise Away("a queue has no room for the message", "SERVER_ERROR", lost=False) from error
            except (errors.AMQPError, RuntimeError) as error:
                raise Away(f"the connection failed: {type(error).__name__}") from error

        return await each(batch, send, seconds)

    def _properties(self, item: Delivery) -> Any:
        headers = {"event-id": item.event_id} | ({"x-amzn-trace-id": item.trace} if item.trace else {})
        return self._aiormq.spec.Basic.Properties(
            content_type="application/json",
            delivery_mode=2,
            headers=headers,
            message_id=copy_id(item),  # by which the missing tells what came back, so it must be this message's own
            app_id="eventyard",
        )


_UNGUARDED = frozenset({"exchange", "routing_key", "mandatory"})
KIND = TargetKind("AMQP exchange", AmqpSettings, AmqpTarget, frozenset({"password"}), unguarded=_UNGUARDED)
