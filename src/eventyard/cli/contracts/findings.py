"""Findings for people: the place, the sentence, and the line with a mark below what is meant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from eventyard.contract import Finding
from eventyard.text import blotted, printable

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"?|[^\s",\[\]{}:]+|\S?')
_COLOURS = {"error": "bold red", "warning": "yellow"}
#: Of a line that goes to no terminal.
_WIDEST = 140


def show(found: Sequence[Finding], folder: Path, prefix: str, what: str) -> None:
    """Print ``found`` and their number. ``prefix``: what goes before their paths. ``what`` was looked at."""
    console = Console(soft_wrap=True, highlight=False)
    lines: dict[str, list[str]] = {}
    for finding in found:
        if finding.path not in lines:
            lines[finding.path] = _lines(folder / finding.path)
        place = f"{printable(prefix + finding.path)}:{finding.line}:{finding.column}"
        head = Text.assemble(
            (place, "bold"), ": ", (finding.severity, _COLOURS[finding.severity]), f": {finding.message} ", "["
        )
        head.append(finding.rule, "cyan")
        console.print(head.append("]"))
        if finding.line <= len(lines[finding.path]):
            _marked(console, lines[finding.path][finding.line - 1], finding)
    if not found:
        console.print(Text.assemble(("All is well", "bold green"), f" with {what}."))
        return
    counts = Counter[str](each.severity for each in found)
    told = [f"{number} {name}{'s' * (number != 1)}" for name in _COLOURS if (number := counts[name])]
    console.print(Text(f"{' and '.join(told)} in {what}.", _COLOURS["error" if counts["error"] else "warning"]))


def _marked(console: Console, line: str, finding: Finding) -> None:
    start = finding.column - 1
    token = _TOKEN.match(line, start)
    size = max(1, len(token.group())) if token else 1
    # Of a line that is very long, the part around the mark.
    widest = max(20, console.width - 8) if console.is_terminal else _WIDEST
    first = max(0, start - widest // 2) if len(line) > widest else 0
    shown = blotted(line[first : first + widest].replace("\t", " "))
    size = max(1, min(size, len(shown) - (start - first)))
    number = f"{finding.line:>5}"
    console.print(Text.assemble((f"{number} │ ", "dim"), shown))
    console.print(
        Text.assemble(
            (" " * len(number) + " │ ", "dim"), " " * (start - first), ("^" * size, _COLOURS[finding.severity])
        )
    )


def _lines(path: Path) -> list[str]:
    """Of a text; none of what is no text, where a line would show nothing."""
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
