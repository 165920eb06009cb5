"""Kafka topics as targets: acknowledged by all replicas in sync, and by an idempotent producer.

Source: Kafka documentation, "Producer Configs" (acks, enable.idempotence). That producer recognises what it sends again
itself; after its connection was lost another one takes over, and what was under way may be there twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from eventyard.errors import Forbidden
from eventyard.plugin import Surroundings, TargetKind
from eventyard.target import Delivery, Outcome
from eventyard.targets.filling import Filling
from eventyard.targets.session import Away, Refused, Session, each, missing, trusting

_PORT = 9092


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``brokers``: some of them, "host:port"; the others are heard of from these. ``topic`` and ``key`` may have places
    such as ``<$.detail.vin>``; what has the same key stays in order. ``idempotent``: False for brokers that can't.
    ``mechanism``: of SASL, with user and password. ``largest``: bytes of a message that the broker takes."""

    brokers: Annotated[list[str], msgspec.Meta(min_length=1)]
    topic: Annotated[str, msgspec.Meta(min_length=1)]
    key: str | None = None
    idempotent: bool = True
    tls: bool = False
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    user: str | None = None
    password: str | None = None
    ca: str | None = None
    largest: Annotated[int, msgspec.Meta(ge=1_000)] = 1_048_576

    def __post_init__(self) -> None:
        for broker in self.brokers:
            _place(broker)
        if (self.mechanism is None) != (self.user is None) or (self.user is None) != (self.password is None):
            raise ValueError("mechanism, user and password belong together")


class KafkaTarget:
    """One producer."""

    batch_size = 100
    place = None

    def __init__(self, settings: KafkaSettings, around: Surroundings) -> None:
        try:
            import aiokafka
            import aiokafka.errors
        except ImportError as error:
            raise missing("kafka") from error
        self._aiokafka: Any = aiokafka
        self._errors: Any = aiokafka.errors
        self._settings = settings
        self._around = around
        self._topic = Filling(settings.topic)
        self._key = None if settings.key is None else Filling(settings.key)
        self._tls = trusting(settings.ca) if settings.tls else None
        self._session: Session[Any] = Session(around, self._connect, _stop)

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await self._session.deliver(batch, self._send)

    async def close(self) -> None:
        await self._session.close()

    async def _connect(self) -> Any:
        settings, tls = self._settings, self._tls
        for broker in settings.brokers:
            await self._around.network.addresses(*_place(broker))
        producer = self._aiokafka.AIOKafkaProducer(
            bootstrap_servers=settings.brokers,
            client_id="eventyard",
            acks="all",
            enable_idempotence=settings.idempotent,
            max_request_size=settings.largest,
            request_timeout_ms=max(500, int(self._around.seconds * 400)),
            security_protocol=("SASL_" if settings.mechanism else "") + ("SSL" if tls else "PLAINTEXT"),
            ssl_context=tls,
            sasl_mechanism=settings.mechanism or "PLAIN",
            sasl_plain_username=settings.user,
            sasl_plain_password=settings.password,
        )
        try:
            await producer.start()
            for broker in producer.client.cluster.brokers():  # whom the cluster names, nobody has judged yet
                await self._around.network.addresses(broker.host, broker.port)
        except (self._errors.KafkaError, OSError, Forbidden, asyncio.CancelledError) as error:
            await _stop(producer)
            if isinstance(error, self._errors.KafkaError):
                raise Away(f"no connection to {', '.join(settings.brokers)}: {type(error).__name__}") from error
            raise
        return producer

    async def _send(self, producer: Any, batch: Sequence[Delivery], seconds: float) -> Sequence[Outcome]:
        errors = self._errors

        async def send(item: Delivery) -> None:
            topic = self._topic.of(item.event)
            key = None if self._key is None else self._key.of(item.event).encode()
            headers = [("event-id", item.event_id.encode())]
            try:
                future = await producer.send(topic, item.payload, key=key, headers=headers)
                await future
            except (errors.MessageSizeTooLargeError, errors.InvalidMessageError) as error:
                raise Refused("The message is larger than the broker takes.") from error
            except (errors.InvalidTopicError, ValueError) as error:
                raise Refused(f"{topic[:200]!r} is no topic.") from error
            except errors.TopicAuthorizationFailedError as error:
                raise Refused(f"Writing to topic {topic} is not allowed.", "NO_PERMISSIONS") from error
            except errors.UnknownTopicOrPartitionError as error:  # also while a topic is being made
                raise Away(f"there is no topic {topic}", "NO_RESOURCE", lost=False) from error
            except errors.KafkaError as error:
                raise Away(f"the brokers did not take it: {type(error).__name__}") from error

        return await each(batch, send, seconds)


async def _stop(producer: Any) -> None:
    """End ``producer`` without waiting for what it still has to send: that was answered as failed."""
    sender = producer._sender  # it has no other way to be ended at once
    if sender.sender_task is not None:
        sender.sender_task.cancel()
        await asyncio.gather(sender.sender_task, return_exceptions=True)
    with contextlib.suppress(Exception):
        await producer.stop()


def _place(broker: str) -> tuple[str, int]:
    host, _, port = broker.rpartition(":")
    if not host:
        host, port = broker, str(_PORT)
    if not port.isdecimal() or not 0 < int(port) < 65_536 or "@" in host or "/" in host:
        raise ValueError(f"a broker is host:port, not {broker!r}")
    return host.strip("[]"), int(port)


_UNGUARDED = frozenset({"topic", "key", "idempotent", "largest"})
KIND = TargetKind("Kafka topic", KafkaSettings, KafkaTarget, frozenset({"password"}), unguarded=_UNGUARDED)
