"""The maker of samples: walks a schema, chooses with seeded dice, and checks each value as soon as it is whole."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Literal

import orjson

from eventyard.contract import Contract, Repository
from eventyard.contract.references import needed, references
from eventyard.contracts.samples.number import number
from eventyard.contracts.samples.text import Texts
from eventyard.contracts.samples.wanted import Wanted
from eventyard.contracts.scope import Impossible, Option, Part, Scope
from eventyard.errors import Unsupported

Taste = Literal["full", "least", "most", "any"]
"""``full``: every member, ordinary values. ``least`` and ``most``: only what is required, or all, at the limits of what
is allowed. ``any``: each choice by chance."""

#: Attempts at one value; values in one sample; levels from where on only what is required is made, and levels at all.
_TRIES, _MOST_VALUES, _DEEP, _DEEPEST = 40, 20_000, 8, 60
_OBJECT, _TEXT = {"type": "object"}, {"type": "string"}
_NAMES = ("extra", "note", "x-trace", "größe", "Other", "extra_2", "later", "in-between", "a b", "z")


def samples(
    contract: Contract, repository: Repository, count: int = 5, seed: int = 0, undescribed: bool = False
) -> list[dict[str, Any]]:
    """``count`` different details that keep ``contract``, fewer if there are no more: the first with every member, the
    next two at the lower and the upper limits, the others by chance; the same for the same ``seed``. ``undescribed``:
    also with members that the schema allows without describing them. Raises Unsupported, naming what it was, where
    none can be made."""
    schema = contract.schema
    return Sampler(schema, needed(schema, repository.atoms), seed, undescribed, _OBJECT).many(count)


class Sampler:
    """Makes values that are valid against ``schema``, which may refer to ``atoms``. ``also``: a schema without
    references that they keep besides."""

    def __init__(
        self,
        schema: Mapping[str, Any] | bool,
        atoms: Mapping[str, Any],
        seed: int = 0,
        undescribed: bool = False,
        also: Mapping[str, Any] | bool = True,
    ) -> None:
        self.scope = Scope(schema, atoms)
        self.parts = [self.scope.top, self.scope.top.inner(also)]
        self._dice = random.Random(seed)
        self._texts = Texts(self._dice)
        self._undescribed = undescribed
        self._taste: Taste = "full"
        self._made = 0

    def many(self, count: int) -> list[Any]:
        """Up to ``count`` different values."""
        found: dict[bytes, Any] = {}
        for tries in range(count * 4):
            if len(found) >= count:
                break
            value = self.one(("full", "least", "most", "any")[min(tries, 3)])
            found.setdefault(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), value)
        return list(found.values())

    def one(self, taste: Taste = "any") -> Any:
        """A value. Where the schema forbids what ``taste`` wants, as ``oneOf`` can, it is one by chance. Raises
        Unsupported, naming what it was, where none can be made."""
        if taste != "any":
            with suppress(Unsupported, Impossible):
                return self._outermost(taste)
        try:
            return self._outermost("any")
        except Impossible as error:
            raise Unsupported(f"No sample can be made, because nothing keeps this schema: {error}.") from error

    def _outermost(self, taste: Taste) -> Any:
        self._taste, self._made = taste, 0
        return self._value(self.parts, "", 0)

    def _value(self, parts: list[Part], path: str, depth: int) -> Any:
        self._made += 1
        if self._made > _MOST_VALUES or depth > _DEEPEST:
            raise Unsupported(
                f"{path[:60] or 'The detail'}: no sample of the schema comes to an end, or it is too large."
            )
        reason = "nothing that was tried keeps every keyword"
        for attempt in range(_TRIES):
            choices: list[Option] = []
            try:
                wanted = Wanted(self.scope.spread(parts, partial(self._choose, attempt, depth, choices)))
                value = self._built(wanted, path, depth)
            except Impossible as error:
                if not choices:
                    raise
                reason = str(error)
                continue
            if all(self.scope.keeps(part, value) for part in parts):
                return value
        raise Unsupported(f"No sample can be made of {path or 'the detail'}: {reason} ({_keywords(parts)}).")

    def _choose(self, attempt: int, depth: int, choices: list[Option], options: list[Option]) -> Option:
        if depth > _DEEP:
            # What refers to nothing comes to an end soonest.
            options = sorted(options, key=lambda option: sum(1 for part in option for _ in references(part.node)))
            chosen = options[min(attempt // 4, len(options) - 1)]
        elif self._taste == "any":
            chosen = self._dice.choice(options)
        else:
            chosen = options[attempt % len(options)]
        choices.append(chosen)
        return chosen

    def _built(self, wanted: Wanted, path: str, depth: int) -> Any:
        values = wanted.values()
        if values is not None:
            return self._picked(values)
        shown = [each for each in wanted.shown() if self._taste == "any" or _flat(each)]
        if shown and (self._taste == "full" or (self._taste == "any" and self._dice.random() < 0.3)):
            value = self._dice.choice(shown)
            if all(self.scope.keeps(part, value) for part in wanted.parts):
                return value
        match self._type(wanted):
            case "object":
                return self._object(wanted, path, depth)
            case "array":
                return self._array(wanted, path, depth)
            case "string":
                return self._texts.text(
                    self._taste,
                    wanted.all("format"),
                    wanted.all("pattern"),
                    wanted.largest("minLength"),
                    wanted.smallest("maxLength"),
                )
            case "integer" | "number" as kind:
                return number(self._dice, self._taste, wanted, kind == "integer")
            case "boolean":
                return self._picked([False, True])
        return None

    def _type(self, wanted: Wanted) -> str:
        types = wanted.types
        if self._taste != "any":
            # null is seldom what somebody wants to see.
            types = [each for each in types if each != "null"] or types
            return types[0] if wanted.typed or len(types) < 7 else "string"
        return self._dice.choice(types)

    def _picked(self, values: list[Any]) -> Any:
        # Now and then another one has its turn, for the case that the first choice does not fit.
        if self._taste in ("least", "most") and self._dice.random() < 0.8:
            return values[0 if self._taste == "least" else -1]
        return self._dice.choice(values)

    def _object(self, wanted: Wanted, path: str, depth: int) -> dict[str, Any]:
        required = wanted.required()
        most = wanted.smallest("maxProperties")
        names = [name for name in wanted.names() if name in required or self._shown(depth)]
        if most is not None:
            spare = [name for name in names if name not in required]
            self._dice.shuffle(spare)
            left = spare[: max(0, most - len(required))]
            names = [name for name in names if name in required or name in left]
        made: dict[str, Any] = {}
        for name in names:
            self._member(wanted, name, name in required, made, path, depth)
        # Optional ones that were left out may be needed for the least number; better they than strangers.
        for name in wanted.names():
            if name not in made and len(made) < wanted.largest("minProperties"):
                self._member(wanted, name, False, made, path, depth)
        for name in self._others(wanted, len(made), most, depth):
            if name not in made:
                self._member(wanted, name, False, made, path, depth)
        return made

    def _member(self, wanted: Wanted, name: str, required: bool, made: dict[str, Any], path: str, depth: int) -> None:
        # What an example of the whole shows of this member is better than anything made up.
        shown = [each[name] for each in wanted.shown() if isinstance(each, dict) and name in each]
        hints = [self.parts[0].inner({"examples": shown})] if shown else []
        try:
            made[name] = self._value([*wanted.member(name), *hints], f"{path}/{name}", depth + 1)
        except Impossible:
            if required:
                raise

    def _shown(self, depth: int) -> bool:
        """Whether an optional member is there."""
        if depth > _DEEP or self._taste == "least":
            return False
        return self._taste in ("full", "most") or self._dice.random() < 0.5

    def _others(self, wanted: Wanted, there: int, most: int | None, depth: int) -> Iterator[str]:
        """Names of members that the schema allows without naming them."""
        missing = wanted.largest("minProperties") - there
        patterns = [pattern for each in wanted.all("patternProperties") for pattern in each]
        if missing <= 0:
            if wanted.all("propertyNames") or patterns or wanted.all("additionalProperties"):
                open_map = any(isinstance(each, dict) for each in wanted.all("additionalProperties")) or patterns
                missing = self._dice.randint(0, 2) if open_map and self._shown(depth) else 0
            if self._undescribed and self._taste == "any" and self._dice.random() < 0.3:
                missing = 1
            if most is not None:
                missing = min(missing, most - there)
        for _ in range(missing):
            if patterns and (wanted.closed() or self._dice.random() < 0.5):
                yield self._texts.text(self._taste, [], patterns, 0, None)
            elif wanted.all("propertyNames"):
                names = [
                    part.inner(part.node["propertyNames"]) for part in wanted.parts if "propertyNames" in part.node
                ]
                yield self._value([*names, self.parts[0].inner(_TEXT)], "a name", depth + 1)
            elif not wanted.closed():
                yield self._dice.choice(_NAMES) + (str(self._dice.randrange(1000)) if missing > 5 else "")

    def _array(self, wanted: Wanted, path: str, depth: int) -> list[Any]:
        least, most = wanted.largest("minItems"), wanted.smallest("maxItems")
        inside = [part for part in wanted.parts if "contains" in part.node]
        least = max(least, sum(int(part.node.get("minContains", 1)) for part in inside))
        count = self._count(least, most, depth)
        unique = any(wanted.all("uniqueItems"))
        made: list[Any] = []
        wishes = [
            part.inner(part.node["contains"]) for part in inside for _ in range(int(part.node.get("minContains", 1)))
        ]
        for index in range(count):
            parts = wanted.item(index)
            if any(part.node is False for part in parts) and index >= least:
                break  # a tuple that is closed
            wish = wishes[index : index + 1]
            for _ in range(_TRIES if unique else 1):
                value = self._value([*parts, *wish], f"{path}/{index}", depth + 1)
                if not unique or value not in made:
                    made.append(value)
                    break
            else:
                break
        return made

    def _count(self, least: int, most: int | None, depth: int) -> int:
        if least > _MOST_VALUES:
            raise Unsupported(f"A list of {least:,} items is longer than any that is made.")
        high = least + 3 if most is None else min(most, least + 100)
        if self._taste == "least" or depth > _DEEP:
            return least
        if self._taste == "most":
            return high if depth < 3 else min(high, least + 2)
        if self._taste == "full":
            return min(high, max(least, 2))
        return self._dice.choice([least, min(high, least + 1), min(high, least + 2), high if depth < 2 else least])


def _flat(value: Any) -> bool:
    """Whether no member can be missing in it."""
    return not any(isinstance(each, dict | list) for each in (value if isinstance(value, list) else [value]))


def _keywords(parts: list[Part]) -> str:
    used = dict.fromkeys(keyword for part in parts if isinstance(part.node, dict) for keyword in part.node)
    return ", ".join(used)
