"""Findings as workflow commands, which GitHub shows as annotations (GitHub Docs, "Workflow commands")."""

from __future__ import annotations

from eventyard.contract import Finding
from eventyard.text import printable


def annotation(finding: Finding, folder: str) -> str:
    """One line. ``folder``: what to put before the finding's path, so that it is relative to the checkout."""
    place = {
        "file": printable(folder + finding.path),
        "line": str(finding.line),
        "col": str(finding.column),
        "title": finding.rule,
    }
    settings = ",".join(f"{name}={_setting(value)}" for name, value in place.items())
    return f"::{finding.severity} {settings}::{_data(finding.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _setting(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
