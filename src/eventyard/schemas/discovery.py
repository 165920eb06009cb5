"""Discovery: learns schemas from the events of buses, and puts them into the registry ``discovered-schemas``.

The first events of a type are looked at closely, for evidence. After that an event is only held against the schema:
while it fits, nothing is to be learned; one that does not makes another version. What has been learned is durable
before the events are settled, so nothing is lost in a crash, and learning the same again changes nothing.

Source: user guide, "Inferring schemas from event bus events in EventBridge"; API reference, "Discover".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import jsonschema_rs
import msgspec
import structlog

from eventyard.detail import deeply, parse_object
from eventyard.errors import TryAgain
from eventyard.names import Arn
from eventyard.schemas.resources import DISCOVERED, OPENAPI, Discoverer, Place, Schema, schema_arn
from eventyard.schemas.shape import DEEPEST, Shape, join, pruned, shape_of, size
from eventyard.schemas.versions import Schemas
from eventyard.schemas.written import document, schema_name, strict
from eventyard.store import Catalog, Change
from eventyard.target import DELIVERED, Delivery, Outcome, Retry

_KIND = "schema-shape"
#: Schemas that are discovered in one account and region; events of further types are passed over.
MOST_SCHEMAS = 1_000
#: So many events of a type, or bytes of them, are looked at closely.
_EVIDENCE, _EVIDENCE_BYTES = 200, 1 << 20
_MOST_PLACES = 2_000
#: API reference, "Discover": events nested deeper are ignored. The envelope is the first of 255 levels.
_DEEPEST_DETAIL = 254
#: Seconds after which others have their turn.
_TURN = 0.005

log = structlog.get_logger("discovery")


class _Envelope(msgspec.Struct):
    account: str
    source: str
    detail: msgspec.Raw
    detail_type: str = msgspec.field(name="detail-type")


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a type of events. ``events`` and ``bytes`` were looked at closely. Durable."""

    place: Place
    name: str
    source: str
    detail_type: str
    shape: Shape
    events: int = 0
    bytes: int = 0


class _Known:
    """``fits``: recognises what adds nothing new; None while everything is looked at closely."""

    def __init__(self, learned: Learned) -> None:
        self.learned = learned
        self.fits: Any = None
        self.written: object = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Learned).decode


class Discovery:
    """What all discoverers have learned. ``passed_over``: sources whose events are known already."""

    def __init__(self, catalog: Catalog, schemas: Schemas, passed_over: frozenset[str]) -> None:
        self._catalog = catalog
        self._schemas = schemas
        self._passed_over = passed_over
        self._known: dict[tuple[Place, str], _Known] = {}
        self._full: set[Place] = set()
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back, after the schemas. Call once."""
        for key, value in (await self._catalog.load(_KIND)).items():
            learned = _decode(value)
            if any(schema.arn == key for schema in self._schemas.list(learned.place, DISCOVERED, learned.name)):
                self._known[learned.place, learned.name] = _Known(learned)
            else:
                await self._catalog.apply([Change(_KIND, key, None)])

    async def forget(self, schema: Schema) -> None:
        """The schema was deleted: the next event of its type is the first again."""
        if schema.registry == DISCOVERED:
            async with self._turn:
                if self._known.pop((schema.place, schema.name), None) is not None:
                    await self._catalog.apply([Change(_KIND, schema.arn, None)])
                self._full.discard(schema.place)

    async def learn(self, discoverer: Discoverer, events: Sequence[bytes]) -> None:
        """Learn from events of its bus. Raises TryAgain, and Broken, when that can't be kept; then it is learned again
        when the events come again."""
        async with self._turn:
            touched: dict[str, _Known] = {}
            started = time.monotonic()
            for body in events:
                self._look(discoverer, body, touched)
                if time.monotonic() - started > _TURN:
                    await asyncio.sleep(0)
                    started = time.monotonic()
            for known in touched.values():
                await self._keep(known)

    def _look(self, discoverer: Discoverer, body: bytes, touched: dict[str, _Known]) -> None:
        try:
            envelope = deeply(_decode_envelope, body)
        except msgspec.DecodeError:
            return
        if envelope.source in self._passed_over:
            return
        if not discoverer.cross_account and envelope.account != discoverer.place.account:
            return
        name = schema_name(envelope.source, envelope.detail_type)
        known = self._known.get((discoverer.place, name))
        detail = parse_object(bytes(envelope.detail), _DEEPEST_DETAIL)
        if detail is None:
            return
        if known is None:
            known = self._begin(discoverer.place, name, envelope)
        elif known.fits is not None and name not in touched and _fits(known.fits, detail):
            return
        if known is None:
            return
        learned = known.learned
        shape = shape_of(detail) if learned.events == 0 else join(learned.shape, shape_of(detail))
        events, seen = learned.events + 1, learned.bytes + len(body)
        known.learned = msgspec.structs.replace(learned, shape=_bounded(shape), events=events, bytes=seen)
        touched[name] = known

    def _begin(self, place: Place, name: str, envelope: _Envelope) -> _Known | None:
        if place in self._full:
            return None
        if sum(home == place for home, _ in self._known) >= MOST_SCHEMAS:
            self._full.add(place)
            log.warning("no more schemas are discovered", most=MOST_SCHEMAS, account=place.account, first=name)
            return None
        known = self._known[place, name] = _Known(
            Learned(place=place, name=name, source=envelope.source, detail_type=envelope.detail_type, shape=Shape())
        )
        return known

    async def _keep(self, known: _Known) -> None:
        """Make durable what was learned if it matters: another structure, or twice the evidence."""
        learned = known.learned
        rules = strict(learned.shape)
        evidence = learned.events.bit_length()
        if (rules, evidence) != known.written:
            key = schema_arn(learned.place, DISCOVERED, learned.name)
            content = document(learned.source, learned.detail_type, learned.shape)
            change = Change(_KIND, key, _encode(learned))
            # Until this has returned nothing was learned that a crash could not take away.
            known.fits = None
            await self._schemas.discover(learned.place, learned.name, OPENAPI, content, [change])
            known.written = (rules, evidence)
        if known.fits is None and (learned.events >= _EVIDENCE or learned.bytes >= _EVIDENCE_BYTES):
            known.fits = jsonschema_rs.Draft202012Validator(rules, validate_formats=True, offline=True)


class Learner:
    """A bus's discoverer as the target of a subscription."""

    batch_size = 500
    place = None

    def __init__(self, discovery: Discovery, discoverer: Discoverer) -> None:
        self._discovery = discovery
        self._discoverer = discoverer

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        try:
            await self._discovery.learn(self._discoverer, [item.event for item in batch])
        except TryAgain as error:
            return [Retry(error.code, error.message)] * len(batch)
        return [DELIVERED] * len(batch)


def place_of(bus: str) -> Place | None:
    """The account and region of the bus with an ARN; None for what is no bus's ARN."""
    arn = Arn.parse(bus)
    if arn is None or arn.service != "events" or not arn.resource.startswith("event-bus/"):
        return None
    return Place(arn.account, arn.region)


def _fits(validator: Any, detail: dict[str, Any]) -> bool:
    try:
        return bool(validator.is_valid(detail))
    except ValueError:  # nested deeper than the validator goes: it has to be looked at
        return False


def _bounded(shape: Shape) -> Shape:
    levels = DEEPEST
    while size(shape) > _MOST_PLACES and levels > 1:
        levels -= 1
        shape = pruned(shape, levels)
    return shape
