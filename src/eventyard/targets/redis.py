"""Redis streams as targets: a script adds what was not added before, so that a delivery whose answer was lost is not
there twice.

Sources: Redis documentation, "XADD" (MAXLEN), "EVAL" (a script is atomic), "SET" (NX, EX). Redis answers before its
files are synced, unless it is told otherwise (``appendfsync always``): how durable its promises are is its own affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.plugin import Surroundings, TargetKind
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent
from eventyard.targets.filling import Filling
from eventyard.targets.session import Away, Refused, Session, address_of, copy_id, in_parts, missing, trusting

_PORT = 6379
#: Bytes of payloads in one call.
_SIZE = 4 << 20

#: KEYS: for each message its stream and what tells it again. ARGV: seconds to remember it, length of the stream, name
#: of the field; for each message the event's id and the payload. It answers for each an empty text, or what is wrong.
_SCRIPT = """
local said = {}
for at = 1, #KEYS / 2 do
  local stream, known = KEYS[2 * at - 1], KEYS[2 * at]
  said[at] = ''
  if ARGV[1] == '0' or redis.call('SET', known, '1', 'NX', 'EX', ARGV[1]) then
    local added
    if ARGV[2] == '0' then
      added = redis.pcall('XADD', stream, '*', 'event-id', ARGV[2 * at + 2], ARGV[3], ARGV[2 * at + 3])
    else
      added = redis.pcall('XADD', stream, 'MAXLEN', '~', ARGV[2], '*', 'event-id', ARGV[2 * at + 2],
        ARGV[3], ARGV[2 * at + 3])
    end
    if type(added) == 'table' and added.err then
      said[at] = added.err
      if ARGV[1] ~= '0' then redis.call('DEL', known) end
    end
  end
end
return said
"""


class RedisSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``url``: redis:// or, with TLS, rediss://. ``stream``: its key, which may have places such as ``<$.source>``.
    ``field``: the one that holds the payload; event-id is always there. ``max_length``: about how many entries the
    stream keeps; 0 for all. ``deduplication_seconds``: how long a message is known; 0 for not at all."""

    url: str
    stream: Annotated[str, msgspec.Meta(min_length=1)]
    field: Annotated[str, msgspec.Meta(min_length=1)] = "event"
    database: Annotated[int, msgspec.Meta(ge=0)] = 0
    max_length: Annotated[int, msgspec.Meta(ge=0)] = 0
    deduplication_seconds: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 3_600
    user: str | None = None
    password: str | None = None
    ca: str | None = None

    def __post_init__(self) -> None:
        address_of(self.url, ("redis", "rediss"), _PORT)


class RedisTarget:
    """One connection, for one call at a time."""

    batch_size = 100
    place = None

    def __init__(self, settings: RedisSettings, around: Surroundings) -> None:
        try:
            import redis.asyncio
            import redis.exceptions
        except ImportError as error:
            raise missing("redis") from error
        self._redis: Any = redis.asyncio
        self._errors: Any = redis.exceptions
        self._settings = settings
        self._around = around
        self._stream = Filling(settings.stream)
        self._tls = trusting(settings.ca) if settings.url.startswith("rediss:") else None
        self._turn = asyncio.Lock()
        self._session: Session[Any] = Session(around, self._connect, lambda one: one.disconnect(nowait=True))

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await self._session.deliver(batch, self._add)

    async def close(self) -> None:
        await self._session.close()

    async def _connect(self) -> Any:
        settings = self._settings
        _, host, port = address_of(settings.url, ("redis", "rediss"), _PORT)
        failed: Exception | None = None
        for address in await self._around.network.addresses(host, port):
            connection = self._connection(host, address, port)
            try:
                await connection.connect()
                return connection
            except self._errors.AuthenticationError as error:
                raise Away("the server refuses the credentials", "NO_AUTHORIZATION") from error
            except (self._errors.RedisError, OSError) as error:
                failed = error
        raise Away(f"no connection to {host}:{port}: {type(failed).__name__}") from failed

    def _connection(self, host: str, address: str, port: int) -> Any:
        """To ``address``, which was judged, whatever ``host`` means by now."""
        tls, settings = self._tls, self._settings

        class Connection(self._redis.Connection):  # type: ignore[name-defined, misc]  # an extra, loaded late
            def _connection_arguments(self) -> dict[str, Any]:
                there = {"host": address, "port": port}
                return there if tls is None else {**there, "ssl": tls, "server_hostname": host}

        return Connection(
            host=address,
            port=port,
            db=settings.database,
            username=settings.user,
            password=settings.password,
            socket_timeout=self._around.seconds,
            socket_connect_timeout=self._around.seconds / 2,
            protocol=2,
            client_name="eventyard",
        )

    async def _add(self, connection: Any, batch: Sequence[Delivery], seconds: float) -> Sequence[Outcome]:
        outcomes: list[Outcome | None] = [None] * len(batch)
        ready: list[tuple[int, str, Delivery]] = []
        for at, item in enumerate(batch):
            try:
                ready.append((at, self._stream.of(item.event), item))
            except InvalidRequest as error:
                outcomes[at] = Permanent("SDK_CLIENT_ERROR", error.message)
        for part in in_parts(ready, lambda one: len(one[2].payload), 100, _SIZE):
            for (at, _, _), said in zip(part, await self._call(connection, part), strict=True):
                outcomes[at] = DELIVERED if not said else self._refusal(said.decode(errors="replace"))
        return [outcome for outcome in outcomes if outcome is not None]

    async def _call(self, connection: Any, part: Sequence[tuple[int, str, Delivery]]) -> Sequence[bytes]:
        settings = self._settings
        keys = [key for _, stream, item in part for key in (stream, f"{{{stream}}}:eventyard:{copy_id(item)}")]
        values = [value for _, _, item in part for value in (item.event_id, item.payload)]
        limits = (settings.deduplication_seconds, settings.max_length, settings.field)
        try:
            async with self._turn:
                await connection.send_command("EVAL", _SCRIPT, len(keys), *keys, *limits, *values)
                said: Sequence[bytes] = await connection.read_response()
                return said
        except self._errors.NoPermissionError as error:
            raise Refused(f"The server does not allow it: {error}.", "NO_PERMISSIONS") from error
        except self._errors.ResponseError as error:  # out of memory, read-only, loading, and the like
            raise Away(f"the server answers: {error}", "SERVER_ERROR") from error
        except self._errors.RedisError as error:
            raise Away(f"the connection failed: {type(error).__name__}") from error

    def _refusal(self, said: str) -> Outcome:
        if "WRONGTYPE" in said:
            return Permanent("NO_RESOURCE", "The key holds something that is no stream.")
        return Permanent("SDK_CLIENT_ERROR", f"The server refuses the message: {said}.")


_UNGUARDED = frozenset({"stream", "field", "max_length", "deduplication_seconds"})
KIND = TargetKind(
    "Redis stream", RedisSettings, RedisTarget, frozenset({"password"}), dedups=True, unguarded=_UNGUARDED
)
