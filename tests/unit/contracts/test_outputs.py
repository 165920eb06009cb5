"""Findings as SARIF and as GitHub's annotations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError

from eventyard.contract import Finding, read_repository
from eventyard.contracts.conventions import read_conventions
from eventyard.contracts.lint import RULES, lint
from eventyard.contracts.lint.annotation import annotation
from eventyard.contracts.lint.sarif import sarif

from .broken_branch import check_out
from .test_lint import TODAY

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
#: What SARIF 2.1.0 demands of the parts that are used (sections 3.13, 3.14, 3.19, 3.27, 3.29, 3.30, 3.49).
_ESSENTIALS: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "additionalProperties": False,
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": _TEXT,
                                                "fullDescription": _TEXT,
                                                "help": _TEXT,
                                                "defaultConfiguration": {
                                                    "type": "object",
                                                    "additionalProperties": False,
                                                    "properties": {"level": _LEVEL},
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": _LEVEL,
                                "message": _TEXT,
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "additionalProperties": False,
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "properties": {
                                                            "uri": {"type": "string", "format": "uri-reference"}
                                                        },
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        },
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def errors(log: dict[str, Any]) -> list[ValidationError]:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return list(jsonschema.Draft202012Validator(_ESSENTIALS, format_checker=checker).iter_errors(log))


def test_sarif_keeps_the_standard_and_names_each_finding(tmp_path: Path) -> None:
    folder = check_out(tmp_path / "contracts")
    findings = lint(read_repository(folder), read_conventions(folder), TODAY)
    log = sarif(findings, RULES, "our contracts/", "1.2.3")
    assert errors(log) == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(findings) > 60
    for finding, result in zip(findings, run["results"], strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == f"our%20contracts/{finding.path}"
        assert place["region"] == {"startLine": finding.line, "startColumn": finding.column}


def test_the_essentials_of_sarif_can_be_missed() -> None:
    log = sarif([Finding("a.md", 0, 1, "no-title", "No title.")], RULES, "", "1")
    assert [list(each.path)[-1] for each in errors(log)] == ["startLine"]


def test_a_finding_is_known_again_when_it_has_moved() -> None:
    here, there = Finding("a.md", 3, 1, "no-title", "No title."), Finding("a.md", 9, 1, "no-title", "No title.")
    one, two = sarif([here, there], RULES, "", "1")["runs"][0]["results"]
    assert one["partialFingerprints"] == two["partialFingerprints"]


def test_an_annotation_is_one_line_whatever_is_in_it() -> None:
    finding = Finding("a,b:c.md", 3, 7, "bad-json", "100% wrong:\nall of it", "warning")
    assert annotation(finding, "x/") == (
        "::warning file=x/a%2Cb%3Ac.md,line=3,col=7,title=bad-json::100%25 wrong:\\nall of it"
    )
