"""Texts of a policy: wildcards in them, and variables that the request fills in. It compares, and decides nothing.

Sources: IAM user guide, "IAM policy elements: Variables and tags" (what has no value equals nothing; ``${*}``, ``${?}``
and ``${$}`` are the characters themselves; of keys with many values there are no variables) and "IAM JSON policy
elements: Condition operators" (the six parts of an ARN are compared each by itself).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NoReturn

import msgspec

from eventyard.errors import InvalidRequest

Values = str | tuple[str, ...]
Keys = Mapping[str, Values]
"""What is known of a request: by condition key in lower case its value, or its values. One without any is absent."""

_VARIABLE = re.compile(r"\$\{\s*([^{},]*?)\s*(?:,\s*'((?:[^']|'')*)'\s*)?\}")
_SPECIAL = frozenset("*?$")


class Wild(Enum):
    ANY = "*"
    ONE = "?"


Glob = tuple[str | Wild, ...]


class Variable(msgspec.Struct, frozen=True):
    key: str
    default: str | None


class Text(msgspec.Struct, frozen=True):
    """One text of a policy, taken apart."""

    parts: tuple[str | Wild | Variable, ...]

    def fill(self, keys: Keys) -> Glob | None:
        """The text for a request with ``keys``; None where a variable has no value."""
        filled: list[str | Wild] = []
        for part in self.parts:
            if isinstance(part, Variable):
                value = keys.get(part.key)
                found = value if isinstance(value, str) else part.default
                if found is None:
                    return None
                filled.append(found)
            else:
                filled.append(part)
        return tuple(filled)


def refuse(reason: str) -> NoReturn:
    raise InvalidRequest(f"Parameter Policy is not valid. Reason: {reason}")


def read_text(text: str, *, wildcards: bool, variables: bool, known: frozenset[str]) -> Text:
    """``text`` taken apart. Raises InvalidRequest for variables of which this server never knows the value."""
    parts: list[str | Wild | Variable] = []
    at = 0
    while variables and (start := text.find("${", at)) >= 0:
        found = _VARIABLE.match(text, start)
        if found is None:
            refuse(f"The policy variable in {text} can't be read.")
        parts += _literal(text[at:start], wildcards)
        name, default = found.groups()
        if name in _SPECIAL and default is None:
            parts.append(name)
        elif is_known(name.lower(), known):
            parts.append(Variable(name.lower(), None if default is None else default.replace("''", "'")))
        else:
            refuse(f"Policy variable {name} is not known to this server.")
        at = found.end()
    return Text((*parts, *_literal(text[at:], wildcards)))


def is_known(key: str, known: frozenset[str]) -> bool:
    """Whether ``key`` is known, by itself or as one of a family like ``aws:resourcetag/``."""
    head, slash, name = key.partition("/")
    return key in known or bool(slash and name and head + slash in known)


def _literal(text: str, wildcards: bool) -> list[str | Wild]:
    if not wildcards:
        return [text] if text else []
    return [Wild(piece) if piece in ("*", "?") else piece for piece in re.split(r"([*?])", text) if piece]


def plain(glob: Glob) -> str:
    """The text of a glob without wildcards."""
    return "".join(part for part in glob if isinstance(part, str))


def like(value: str, glob: Glob) -> bool:
    """Whether ``value`` is as ``glob`` says. Takes len(value) * len(glob) steps at most, whatever they are."""
    if Wild.ANY not in glob and Wild.ONE not in glob:
        return value == plain(glob)
    wanted: list[str | Wild] = []
    for part in glob:
        wanted += [part] if isinstance(part, Wild) else part
    return _walk(value, wanted)


def _walk(value: str, wanted: Sequence[str | Wild]) -> bool:
    at = want = 0
    star, retry = -1, 0
    while at < len(value):
        if want < len(wanted) and wanted[want] is Wild.ANY:
            star, retry = want, at
            want += 1
        elif want < len(wanted) and (wanted[want] is Wild.ONE or wanted[want] == value[at]):
            at, want = at + 1, want + 1
        elif star >= 0:  # let the last star take one more
            retry += 1
            at, want = retry, star + 1
        else:
            return False
    return all(part is Wild.ANY for part in wanted[want:])


def like_arn(value: str, glob: Glob) -> bool:
    """``like`` for each of the six parts, so that a wildcard does not reach over a colon of the first five."""
    parts: list[list[str | Wild]] = [[]]
    for part in glob:
        if isinstance(part, Wild):
            parts[-1].append(part)
            continue
        first, *rest = part.split(":", 6 - len(parts))
        parts[-1].append(first)
        parts += [[piece] for piece in rest]
    values = value.split(":", 5)
    return len(values) == len(parts) == 6 and all(
        like(one, tuple(wanted)) for one, wanted in zip(values, parts, strict=True)
    )
