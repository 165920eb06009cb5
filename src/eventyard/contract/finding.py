"""What is wrong with a file of a contract repository, and where: for people, editors and continuous integration."""

from __future__ import annotations

from typing import Literal

import msgspec

from eventyard.text import printable

Severity = Literal["error", "warning"]
Place = tuple[str, int, int]
"""A file, relative to the repository, with a line and a column that count from 1."""


class Finding(msgspec.Struct, frozen=True, order=True):
    """One thing to mend. ``path``: the file, relative to the repository. ``line`` and ``column`` count from 1.
    ``rule``: the short lasting name of what was broken, such as ``broken-ref``. ``message``: a sentence that says what
    is wrong and what to do. ``fix``: lines as they should be, to be shown below it."""

    path: str
    line: int
    column: int
    rule: str
    message: str
    severity: Severity = "error"
    fix: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # It quotes what stands in documents.
        msgspec.structs.force_setattr(self, "message", printable(self.message))
        msgspec.structs.force_setattr(self, "fix", tuple(printable(line) for line in self.fix))

    def __str__(self) -> str:
        return (
            f"{printable(self.path)}:{self.line}:{self.column}: {self.severity} [{self.rule}] {self.message}"
            + "".join(f"\n{line}" for line in self.fix)
        )
