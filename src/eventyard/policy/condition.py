"""Conditions of a policy's statement: operators on condition keys. What is not known is refused, never passed over.

Sources: IAM user guide, "IAM JSON policy elements: Condition operators", "Single-valued vs. multivalued context keys".
"""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.policy.operators import OPERATORS
from eventyard.policy.text import Keys, Text, is_known, read_text, refuse


class Condition(msgspec.Struct, frozen=True):
    """One operator on one key. ``every``: ForAllValues is True, ForAnyValue False, neither None."""

    operator: str
    if_exists: bool
    key: str  #: in lower case
    wanted: tuple[Text, ...]
    every: bool | None = None

    def holds(self, keys: Keys, denying: bool) -> bool:
        """Whether a request with ``keys`` fulfils it, in a statement that is ``denying`` or else allows.

        IAM says nothing of several values without a set operator: then all must fit to allow, and one to deny."""
        value = keys.get(self.key)
        values = (value,) if isinstance(value, str) else value
        if self.operator == "Null":
            return any(text.parts == ("false" if values else "true",) for text in self.wanted)
        operator = OPERATORS[self.operator]
        if not values:
            # A negated operator is true of a key that isn't there, as the source says.
            return self.if_exists or (operator.negated if self.every is None else self.every)
        globs = [glob for text in self.wanted if (glob := text.fill(keys)) is not None]
        fitting = (any(operator.fits(one, glob) for glob in globs) != operator.negated for one in values)
        return all(fitting) if self.every or (self.every is None and not denying) else any(fitting)


class Unclear(msgspec.Struct, frozen=True):
    """A condition that can't be held to: nothing is allowed by its statement, and everything denied."""

    def holds(self, keys: Keys, denying: bool) -> bool:
        return denying


def parse_conditions(
    given: Any, known: frozenset[str], *, lenient: bool, variables: bool = True
) -> tuple[Condition | Unclear, ...]:
    """``known``: the keys that a request may have. ``lenient``: make what is not known Unclear, don't refuse it."""
    if not isinstance(given, dict):
        refuse("Condition must be an object.")
    found: list[Condition | Unclear] = []
    for name, keys in given.items():
        if not isinstance(keys, dict) or not keys:
            refuse(f"Condition {name} must be an object of condition keys.")
        for key, values in keys.items():
            try:
                found.append(_condition(name, key, values, known, variables))
            except InvalidRequest:
                if not lenient:
                    raise
                found.append(Unclear())
    return tuple(found)


def _condition(name: str, key: str, values: Any, known: frozenset[str], variables: bool) -> Condition:
    prefix, colon, plain = name.rpartition(":")
    if_exists = plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists")
    if plain not in OPERATORS and name != "Null":
        refuse(f"Condition operator {name} is not known to this server.")
    if colon and prefix not in ("ForAllValues", "ForAnyValue"):
        refuse(f"Condition operator {name} is not known to this server.")
    if prefix == "ForAnyValue" and if_exists:  # the guide says both of a key that isn't there: false, and true
        refuse(f"Condition operator {name} contradicts itself: ForAnyValue demands the key that IfExists does not.")
    if not is_known(key.lower(), known):
        refuse(f"Condition key {key} is not known to this server.")
    texts = _texts(name, values)
    if plain == "Null":
        if not set(texts) <= {"true", "false"}:
            refuse('Condition Null must be "true" or "false".')
        return Condition("Null", False, key.lower(), tuple(Text((text,)) for text in texts))
    operator = OPERATORS[plain]
    wanted = []
    for text in texts:
        read = read_text(text, wildcards=operator.wildcards, variables=variables and operator.variables, known=known)
        if all(isinstance(part, str) for part in read.parts):
            try:
                operator.read(text)
            except ValueError:
                refuse(f"{text} is no value for condition operator {name}.")
        wanted.append(read)
    return Condition(plain, if_exists, key.lower(), tuple(wanted), prefix == "ForAllValues" if prefix else None)


def _texts(name: str, given: Any) -> list[str]:
    """The values of a condition. Numbers and truth values may stand without quotes."""
    values = given if isinstance(given, list) else [given]
    if not values or not all(isinstance(value, str | int | float) for value in values):
        refuse(f"Condition {name} must be a string or a list of strings.")
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
