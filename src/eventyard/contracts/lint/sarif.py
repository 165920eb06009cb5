"""Findings as SARIF 2.1.0 (OASIS standard), which code hosts show beside the changed lines."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from eventyard.contract import Finding
from eventyard.contracts.lint.rule import Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Sequence[Finding], rules: Sequence[Rule], folder: str, version: str) -> dict[str, Any]:
    """One run. ``folder``: what to put before the findings' paths, so that they are relative to the checkout.
    ``version``: of the tool."""
    places = {rule.name: index for index, rule in enumerate(rules)}
    driver = {"name": "eventyard contracts lint", "version": version, "rules": [_rule(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, places[finding.rule], folder) for finding in findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.summary} {rule.why}"},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, rule: int, folder: str) -> dict[str, Any]:
    # Without the line, so that a finding stays the same when something above it changes.
    known = sha256("\0".join((finding.path, finding.rule, finding.message)).encode()).hexdigest()
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(folder + finding.path)},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                }
            }
        ],
        "partialFingerprints": {"eventyard/v1": known},
    }
