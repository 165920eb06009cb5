"""Writes the tables in docs/templates.md anew, from what the readers are made of.

python docs/template_tables.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eventyard.templates.cloudformation.functions import DONE, IN_CONDITIONS, REFUSED
from eventyard.templates.cloudformation.read import SECTIONS, WITHOUT_EFFECT
from eventyard.templates.sam import shapes as sam
from eventyard.templates.scope import PSEUDO
from eventyard.templates.serverless import shapes as serverless
from eventyard.templates.serverless.variables import REFUSED as NO_VARIABLES
from eventyard.templates.serverless.variables import SOURCES
from eventyard.templates.types import types

PAGE = Path(__file__).with_name("templates.md")


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names, key=str.lower))


def _split(shape: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Keys that are read, that have no effect, and that are refused."""
    read, ignored, refused = [], [], []
    for name, one in shape["fields"].items():
        kind = one if isinstance(one, dict) else {}
        (refused if "refused" in kind else ignored if "ignored" in kind else read).append(name)
    return read, ignored, refused


def _rows(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    lines = ["| | read | named, without effect | refused by name |", "|---|---|---|---|"]
    for what, shape in rows:
        lines.append(f"| {what} | " + " | ".join(_names(names) for names in _split(shape)) + " |")
    return lines


def tables() -> dict[str, list[str]]:
    """The lines of each table, by its mark."""
    kinds = ["| type | `Fn::GetAtt` takes |", "|---|---|"]
    kinds += [f"| `{name}` | {_names(one.attributes)} |" for name, one in sorted(types().items())]
    functions = [
        "| | |",
        "|---|---|",
        f"| sections | {_names(SECTIONS)}; named, without effect: {_names(WITHOUT_EFFECT)} |",
        f"| functions | {_names(DONE)}; in conditions {_names(IN_CONDITIONS)}; refused: {_names(REFUSED)} |",
        f"| pseudo parameters | {_names(name for name in PSEUDO if name != 'AWS::NotificationARNs')} |",
    ]
    events = [(f"event `{name}`", sam.event(name) or {"fields": {}}) for name in sam.EVENTS]
    own = [
        ("the file", serverless.ROOT),
        ("`provider`", serverless.PROVIDER),
        ("a function", {"fields": {**serverless.FUNCTION["fields"], "events": "json"}}),
        *((f"event `{name}`", shape) for name, shape in serverless.EVENTS.items()),
    ]
    return {
        "types": kinds,
        "cloudformation": functions,
        "sam": [
            *_rows(
                [("`AWS::Serverless::Function`", {"fields": {**sam.function()["fields"], "Events": "json"}}), *events]
            ),
            "",
            f"Events that are refused by name: {_names(sam.REFUSED_EVENTS)}.",
        ],
        "serverless": [
            *_rows(own),
            "",
            f"Events that are refused by name: {_names(serverless.REFUSED_EVENTS)}.",
            "",
            f"Variables: {_names(SOURCES)}; refused by name: {_names(NO_VARIABLES)}.",
        ],
    }


def page(text: str) -> str:
    """``text`` with the tables between their marks as they should be."""
    for mark, lines in tables().items():
        begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->\n"
        between = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        assert between.search(text), f"docs/templates.md has no place for the table {mark}"
        whole = begin + "\n".join(lines) + "\n" + end
        text = between.sub(lambda found, whole=whole: whole, text)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
