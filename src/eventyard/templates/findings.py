"""The findings of one reading, and its bounds: how much may be found, and how much may be made of a small file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from eventyard.contract.finding import Finding, Place, Severity

#: So many findings are told, and so many with a guess at what was meant, which takes long.
MOST, _MOST_GUESSES = 500, 50
#: Characters and values that functions and variables may make: several times the largest template.
_BUDGET = 4 << 20


class TooMuch(Exception):
    """The file would become larger than anything that can be applied; the finding is there already."""


class Findings:
    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}
        self._guesses = 0
        self._left = _BUDGET
        self.failed = False
        #: Values of parameters with NoEcho, which no finding shows.
        self.secrets: set[str] = set()

    def error(self, place: Place, rule: str, message: str, fix: Sequence[str] = ()) -> None:
        self._add(place, rule, message, "error", tuple(fix))

    def warn(self, place: Place, rule: str, message: str) -> None:
        self._add(place, rule, message, "warning")

    def unknown(self, place: Place, rule: str, what: str, name: str, known: Iterable[str], near: float = 0.6) -> None:
        """An error about a name that is not there: what was probably meant, or all there is. ``near``: how alike two
        names have to be for a guess, up to 1."""
        known = [one for one in known if one]
        self._guesses += 1
        guesses = self._guesses <= _MOST_GUESSES and len(name) <= 200
        folded = {one.lower(): one for one in known}
        guess = difflib.get_close_matches(name.lower(), folded, 1, near) if guesses else []
        if guess:
            hint = f"did you mean {folded[guess[0]]}?"
        else:
            hint = f"there are {', '.join(sorted(known)[:40])}." if known else "there are none."
        self.error(place, rule, f"{what} {name[:100]} is not known; {hint}")

    def spend(self, amount: int, place: Place) -> None:
        """Count what is made of the file. Raises :class:`TooMuch`."""
        self._left -= amount
        if self._left < 0:
            self.error(
                place, "too-large", "Functions, variables and aliases make more of this file than can be applied."
            )
            raise TooMuch

    def all(self) -> tuple[Finding, ...]:
        return tuple(sorted(self._found))

    def _add(self, place: Place, rule: str, message: str, severity: Severity, fix: tuple[str, ...] = ()) -> None:
        self.failed = self.failed or severity == "error"
        for secret in self.secrets:
            message = message.replace(secret, "****")
        if len(self._found) < MOST:
            self._found[Finding(*place, rule, message, severity, fix)] = None
        elif len(self._found) == MOST:
            last = f"There are more than {MOST} findings; the rest is not told."
            self._found[Finding(place[0], place[1], place[2], "too-many", last)] = None
            self.failed = True
