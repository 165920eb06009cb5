"""Reading the options of a provider: each has a name and a kind, and what is not known is refused by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from eventyard.errors import InvalidRequest


class Options:
    """``given``: what the user says. ``known``: the names that the provider called ``provider`` understands."""

    def __init__(self, provider: str, given: Mapping[str, Any], known: Sequence[str] = ()) -> None:
        self._provider = provider
        self._given = given
        for name in given:
            if name not in known:
                has = f"It has {', '.join(known)}." if known else "It has none."
                raise InvalidRequest(f"Provider {provider} has no option {name!r}. {has}")

    def text(self, name: str, default: str = "") -> str:
        value = self._given.get(name, default)
        if not isinstance(value, str) or not value.isascii() or (value and not value.isprintable()):
            raise self._wrong(name, "a text of printable ASCII characters", value)
        return value

    def header(self, name: str, default: str = "") -> str:
        """The name of a header, in lower case."""
        value = self.text(name, default).lower()
        if any(not (each.isalnum() or each in "-_") for each in value):
            raise self._wrong(name, "the name of a header", value)
        return value

    def choice(self, name: str, default: str, among: Collection[str]) -> str:
        value = self.text(name, default)
        if value not in among:
            raise self._wrong(name, f"one of {', '.join(among)}", value)
        return value

    def flag(self, name: str) -> bool:
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._given.get(name, ())
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
            raise self._wrong(name, "a list of texts", value)
        return tuple(value)

    def _wrong(self, name: str, kind: str, value: object) -> InvalidRequest:
        return InvalidRequest(f"Option {name} of provider {self._provider} is {kind}, not {str(value)[:100]!r}.")
