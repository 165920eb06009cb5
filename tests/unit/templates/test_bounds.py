"""No text makes a reader raise, hang or swell: it answers with findings."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventyard.templates import Given, Where, read_cloudformation, read_serverless
from eventyard.templates.findings import MOST
from eventyard.templates.text import FUNCTIONS, MOST_BYTES
from eventyard.templates.types import types
from tests.unit.templates.test_cloudformation import TEMPLATE
from tests.unit.templates.test_unknown_keys import SERVERLESS, TEMPLATES

WHERE = Where("stack")
GIVEN = Given(file=lambda path: "a: 1\n", environment={"A": "a"}, options={"stage": "dev"})

#: Seconds of the processor for the worst of them; a text of a megabyte takes the parser some seconds.
_LONGEST = 30.0


def _both(text: str) -> None:
    for stack, findings in (
        read_cloudformation("t.yaml", text, WHERE),
        read_cloudformation("t.json", text, WHERE),
        read_serverless("serverless.yml", text, GIVEN),
    ):
        assert (stack is None) == any(one.severity == "error" for one in findings)
        assert all(one.line >= 1 and one.column >= 1 and one.message for one in findings)
        assert len(findings) <= MOST + 1


def _doubled(value: Any, times: int) -> Any:
    """A text that is four times as long as its delimiter, which is four times as long as its, and so on."""
    for _ in range(times):
        value = {"Fn::Join": [value, ["", "", "", "", ""]]}
    return value


LEVELS = "\n".join(
    f"  {chr(97 + at)}: &{chr(97 + at)} [" + ", ".join([f"*{chr(96 + at)}"] * 9) + "]" for at in range(1, 9)
)
BOMBS = {
    "aliases": "x:\n  a: &a [1, 2, 3]\n" + LEVELS,
    "brackets": "[" * 5_000,
    "braces": "{" * 10_000,
    "flow keys": "[a," * 3_000,
    "dashes": "- " * 5_000,
    "questions": "? " * 5_000,
    "json levels": '{"a":' * 50_000,
    "itself": "a: &a {b: *a}",
    "key that is a list": "? [a]\n: b",
    "two documents": "--- a\n--- b",
    "tags": "!" * 10_000,
    "directive": "%YAML 9.9\n---\na: b",
    "binary": "\x00\x01",
    "surrogate": "a: '\ud800'",
    "large number": "Resources: " + "9" * 100_000,
    "float": '{"Resources": 1e999}',
    "nothing": "",
    "too large": "a" * (MOST_BYTES + 1),
    "unknown keys": "Resources: {}\n" + "".join(f"key{at}: 1\n" for at in range(3_000)),
    "sub in sub": "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: "
    + "!Sub ['${x}${x}${x}${x}', {x: " * 20
    + "aaaaaaaaaa"
    + "}]" * 20
    + "}}}",
    "join": json.dumps(
        {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": _doubled("a" * 10, 20)}}}}
    ),
    "conditions": "Conditions:\n"
    + "".join(f"  C{at}: !Condition C{at + 1}\n" for at in range(2_000))
    + "Resources: {Q: {Type: AWS::SQS::Queue}}",
    "variables": "service: s\nprovider: {name: aws, runtime: python3.11}\ncustom:\n  v0: aaaaaaaaaa\n"
    + "".join(f"  v{at}: ${{self:custom.v{at - 1}}}${{self:custom.v{at - 1}}}\n" for at in range(1, 39)),
    "lists of variables": "service: s\nprovider: {name: aws, runtime: python3.11}\ncustom:\n  v0: [1]\n"
    + "".join(f"  v{at}: ['${{self:custom.v{at - 1}}}', '${{self:custom.v{at - 1}}}']\n" for at in range(1, 39)),
    "variables in variables": "service: " + "${opt:" * 3_000 + "a" + "}" * 3_000,
    "open variables": "service: " + "${" * 30_000,
    "the file in itself": "service: ${self:}\nprovider: ${self:}\nfunctions: ${self:functions}",
    "slow pattern": "Parameters: {P: {Type: String, Default: " + "a" * 50 + "!, AllowedPattern: '(a+)+'}}\n"
    "Resources: {Q: {Type: AWS::SQS::Queue}}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_made_to_hurt_is_answered_with_findings(name: str) -> None:
    began = time.process_time()
    _both(BOMBS[name])
    assert time.process_time() - began < _LONGEST


def test_what_swells_is_refused_as_too_large() -> None:
    for name in ("aliases", "join", "sub in sub"):
        _, findings = read_cloudformation("t.yaml", BOMBS[name], WHERE)
        assert "too-large" in {one.rule for one in findings}, name
    for name in ("variables", "lists of variables"):
        _, findings = read_serverless("serverless.yml", BOMBS[name], GIVEN)
        assert {one.rule for one in findings} & {"too-large"}, name


_KEYS = st.sampled_from(
    [
        *("Resources", "Type", "Properties", "Ref", "Parameters", "Default", "Conditions", "Condition", "Mappings"),
        *("Outputs", "Value", "Export", "Name", "Transform", "Globals", "Function", "Events", "DependsOn", "Tags"),
        *(
            "service",
            "provider",
            "name",
            "functions",
            "handler",
            "events",
            "eventBridge",
            "pattern",
            "eventBus",
            "custom",
        ),
        *("resources", "schedule", "rate", "sqs", "arn", "sns", "stream", "extensions", "input", "runtime", "params"),
        *("Pattern", "Schedule", "CodeUri", "Handler", "Runtime", "Targets", "Arn", "Id", "QueueName"),
        *(f"Fn::{name}" for name in FUNCTIONS),
    ]
)
_TEXTS = st.sampled_from(
    [
        *types(),
        *("AWS::Serverless::Function", "AWS::Serverless-2016-10-31", "AWS::LanguageExtensions", "AWS::NoValue"),
        *(
            "${self:custom}",
            "${opt:stage, 'a'}",
            "${self:}",
            "${file(a.yml):a}",
            "${AWS::Region}",
            "${a.b}",
            "${!a}",
            "${}",
        ),
        *("a", "", "aws", "true", "1", "String", "EventBridgeRule", "SNS", "Schedule", "Q", "Q.Arn", "rate(1 hour)"),
    ]
)
_VALUES = st.recursive(
    _TEXTS | st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | _TEXTS, inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=75, deadline=None, suppress_health_check=list(HealthCheck))
@given(_VALUES)
def test_no_value_makes_a_reader_raise(value: Any) -> None:
    _both(json.dumps(value))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(alphabet="ab:-[]{}!&*|>'\"#%@`,?\n \t\\$0", max_size=60))
def test_no_text_makes_a_reader_raise(text: str) -> None:
    _both(text)


@settings(max_examples=75, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_change_of_a_template_makes_a_reader_raise(data: st.DataObject) -> None:
    """Each line may go, come twice, be moved or be something else."""
    whole = data.draw(st.sampled_from([TEMPLATE, *TEMPLATES.values(), *SERVERLESS.values()]))
    lines = whole.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(["drop", "twice", "deeper", "value", "cut"]))
        if change == "drop" and len(lines) > 1:
            del lines[at]
        elif change == "twice":
            lines.insert(at, lines[at])
        elif change == "deeper":
            lines[at] = "  " + lines[at]
        elif change == "value":
            lines[at] = lines[at].partition(":")[0] + ": " + data.draw(_TEXTS)
        else:
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
    _both("\n".join(lines))


def test_functions_of_the_reader_are_those_that_have_short_forms() -> None:
    """A function that gets a short form is done or refused by name."""
    for name in FUNCTIONS:
        value: Any = {
            "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {f"Fn::{name}": "x"}}}}
        }
        _, findings = read_cloudformation("t.json", json.dumps(value), WHERE)
        assert "unknown-function" not in {one.rule for one in findings}, name
