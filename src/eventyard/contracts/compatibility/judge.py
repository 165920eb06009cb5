"""The verdict on one direction: a proof by the canonical forms of both schemas, or a counter-example that both
validators confirm, or neither, and then it is said how many instances were tried.

A proof is not taken on trust: instances of what is published are generated all the same, and one that is refused
outweighs it. Canonical forms are those of jsonschema-rs, whose README says what they prove."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from random import Random
from typing import Any

import jsonschema_rs
import msgspec
from jsonschema_rs import CanonicalSchema, canonical

from eventyard.contract import Contract, Repository, Validator
from eventyard.contract.references import needed
from eventyard.contract.validator import DIALECT
from eventyard.contracts.compatibility.instances import Instances
from eventyard.contracts.compatibility.mutations import near, smaller
from eventyard.contracts.compatibility.patterns import patterns
from eventyard.contracts.compatibility.verdict import Direction, Verdict
from eventyard.contracts.compatibility.whole import NotModelled, mapped, whole
from eventyard.contracts.samples import Sampler
from eventyard.errors import InvalidRequest, Unsupported

_SAMPLES = 200
_MOST_NEAR = 2_000
#: Places in which schemas differ: so few that sets are compared first, and so many that they are compared at all.
_FEW, _MANY = 12, 60


class Side(msgspec.Struct, frozen=True):
    """One version of a contract: its schema with all references in place (None: that can't be done, and ``why``), the
    check of details, details that keep it, and what makes up more of them from the schema as it was written."""

    schema: dict[str, Any] | bool | None
    validator: Validator
    examples: tuple[Any, ...] = ()
    dialect: str = DIALECT
    sampler: Sampler | None = None
    why: str | None = None

    @classmethod
    def of(cls, contract: Contract, repository: Repository) -> Side:
        """The side of ``contract``, whose examples may be wrong, which the lint says."""
        return cls.made(contract.schema, repository.atoms, [one.detail for one in contract.examples], contract.pii)

    @classmethod
    def made(
        cls,
        schema: Mapping[str, Any] | bool,
        atoms: Mapping[str, Any],
        examples: Sequence[Any] = (),
        pii: Sequence[str] = (),
    ) -> Side:
        """Raises InvalidRequest for a schema that is none."""
        validator = Validator(schema, needed(schema, atoms), pii)
        found, why = None, None
        try:
            found = whole(schema, atoms)
        except NotModelled as unknown:
            why = str(unknown)
        dialect = schema.get("$schema", DIALECT) if isinstance(schema, Mapping) else DIALECT
        sampler = Sampler(schema, needed(schema, atoms), undescribed=True)
        return cls(found, validator, tuple(one for one in examples if validator.is_valid(one)), dialect, sampler, why)


def judge(direction: Direction, old: Side, new: Side, samples: int = _SAMPLES, seed: int = 1) -> Verdict:
    """Whether what is published in ``direction`` is accepted. The same seed gives the same counter-example."""
    published, accepted = (new, old) if direction == "subscribers" else (old, new)
    random, sets = Random(seed), _Sets(published, accepted)
    # Comparing sets takes time that grows steeply with what differs; where much does, instances show it sooner.
    proven = sets.apart <= _FEW and sets.covered()
    sources = [] if proven else [sets.pointed(random, samples)]
    sources += [sets.difference(random, samples)] if sets.apart <= _FEW and not proven else []
    examples = (*published.examples, *accepted.examples)
    sources += [sets.published(random, samples), iter(examples), *(islice(near(one), _MOST_NEAR) for one in examples)]
    sources += [] if proven else [_made_up(published, samples)]
    tried = 0
    for instance in chain(chain.from_iterable(sources), sets.late_difference(random, samples)):
        if not published.validator.is_valid(instance):
            continue
        tried += 1
        if not accepted.validator.is_valid(instance):
            return _shown(direction, published, accepted, instance, tried)
    if proven or sets.late_cover:
        return Verdict(direction=direction, outcome="compatible", tried=tried)
    return Verdict(direction=direction, outcome="undecided", tried=tried, why=sets.why)


class _Sets:
    """What two contracts let through, as sets. ``apart``: in how many places their schemas differ. ``why``: what
    stands in the way of a proof, if it is known."""

    def __init__(self, published: Side, accepted: Side) -> None:
        self._sides = published, accepted
        self._sent, self._taken = canonical_form(published), canonical_form(accepted)
        self._pointed: tuple[Any, ...] = ()
        self.apart = _MANY + 1
        self.late_cover = False
        self.why = published.why or accepted.why
        if self._sent is not None and self._taken is not None:
            self.apart = _apart(published.schema, accepted.schema)
            if self.apart > _MANY:
                self.why = f"the schemas differ in {self.apart} places"
        elif self.why is None:
            self.why = "a schema can't be brought into a form in which schemas are compared"

    def covered(self) -> bool:
        """Whether it is proven that all of what is published is accepted."""
        if self._sent is None or self._taken is None:
            return False
        return self._covers(self._sent) or self._covers_with_patterns()

    def _covers(self, sent: CanonicalSchema) -> bool:
        try:
            return self._taken is not None and bool(self._taken.covers(sent) == canonical.Containment.YES)
        except canonical.CanonicalizationError:
            return False  # not comparable

    def _covers_with_patterns(self) -> bool:
        published, accepted = self._sides
        found = patterns(published.schema, accepted.schema)
        self.why, self._pointed = found.why, found.pointed
        sent = canonical_form(msgspec.structs.replace(published, schema=found.published))
        return sent is not None and found.published != published.schema and self._covers(sent)

    def pointed(self, random: Random, most: int) -> Iterator[Any]:
        """Instances of what is published, with texts of which it is known that a pattern refuses them."""
        for schema in self._pointed:
            form = canonical_form(msgspec.structs.replace(self._sides[0], schema=schema))
            if form is not None:
                yield from Instances(form, random).some(most // len(self._pointed) + 1)

    def published(self, random: Random, most: int) -> Iterator[Any]:
        """Instances of what is published."""
        return iter(()) if self._sent is None else Instances(self._sent, random).some(most)

    def difference(self, random: Random, most: int) -> Iterator[Any]:
        """Instances of what is published and not accepted."""
        if self._sent is None or self._taken is None:
            return iter(())
        try:
            return Instances(self._sent.subtract(self._taken), random).some(most)
        except canonical.CanonicalizationError:
            return iter(())

    def late_difference(self, random: Random, most: int) -> Iterator[Any]:
        """The same, for schemas that differ in many places, when nothing else has shown anything yet."""
        if _FEW < self.apart <= _MANY:
            self.late_cover = self.covered()
            if not self.late_cover:
                yield from self.pointed(random, most)
                yield from self.difference(random, most)


def _apart(one: Any, other: Any) -> int:
    if one == other:
        return 0
    if isinstance(one, dict) and isinstance(other, dict):
        return sum(_apart(one.get(key), other.get(key)) for key in {**one, **other})
    if isinstance(one, list) and isinstance(other, list):
        return sum(_apart(*pair) for pair in zip_longest(one, other))
    return 1


def _made_up(side: Side, most: int) -> Iterator[Any]:
    try:
        while side.sampler is not None and most:
            most -= 1
            yield side.sampler.one()
    except Unsupported:
        return  # it is said how many were tried


def declared(schema: Any) -> Any:
    """``schema`` with every object that names members closed to others: what a publisher sends who sends what the
    contract names, and nothing else."""
    return mapped(schema, _closed)


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    composed = any(keyword in schema for keyword in ("allOf", "anyOf", "oneOf", "if", "dependentSchemas"))
    named = "properties" in schema and "unevaluatedProperties" not in schema and not composed
    open_ = named and schema.get("additionalProperties", True) is True
    return {**schema, "additionalProperties": False} if open_ else schema


def canonical_form(side: Side) -> CanonicalSchema | None:
    """The canonical form of the schema; None for one that has none."""
    if side.schema is None:
        return None
    schema = side.schema if isinstance(side.schema, bool) else {"$schema": side.dialect, **side.schema}
    try:
        found = jsonschema_rs.canonicalize(
            schema, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions(), offline=True
        )
    except (canonical.CanonicalizationError, jsonschema_rs.ValidationError, ValueError):
        return None
    return None if found.kind == canonical.CanonicalKind.RAW else found


def _shown(direction: Direction, published: Side, accepted: Side, instance: Any, tried: int) -> Verdict:
    def breaks(value: Any) -> bool:
        return published.validator.is_valid(value) and not accepted.validator.is_valid(value)

    familiar = (near_to for example in published.examples for near_to in _familiar(example, instance))
    known = next((each for each in familiar if breaks(each)), instance)
    found = _shrunk(known, breaks)
    return Verdict(
        direction=direction,
        outcome="breaking",
        tried=tried,
        counterexample=found,
        violations=tuple(accepted.validator.violations(found)),
        undeclared_only=_undeclared_only(direction, published, accepted),
    )


def _familiar(example: Any, instance: Any) -> Iterator[Any]:
    """Details as people know them, with as little as may be of what is wrong with ``instance``."""
    yield example
    if not isinstance(example, dict) or not isinstance(instance, dict):
        return
    yield from ({key: kept for key, kept in example.items() if key != name} for name in example if name not in instance)
    yield from ({**example, name: value} for name, value in instance.items())
    yield {**example, **instance}


def _shrunk(value: Any, breaks: Any) -> Any:
    """``value`` without whatever it can do without and still break."""
    while (less := next((each for each in smaller(value) if breaks(each)), None)) is not None:
        value = less
    return value


def _undeclared_only(direction: Direction, published: Side, accepted: Side) -> bool:
    """Whether nothing breaks as long as publishers send only members that their contract names."""
    if published.schema is None or isinstance(published.schema, bool):
        return False
    closed = declared(published.schema)
    if closed == published.schema:
        return False
    try:
        strict = Side(closed, Validator({"$schema": published.dialect, **closed}), dialect=published.dialect)
    except InvalidRequest:
        return False
    old, new = (accepted, strict) if direction == "subscribers" else (strict, accepted)
    return judge(direction, old, new).outcome == "compatible"
