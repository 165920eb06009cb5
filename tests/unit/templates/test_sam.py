"""SAM's functions become what AWS's own translator makes of them, but for roles and its own tag."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.public.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from eventyard.templates import read_cloudformation
from eventyard.templates.sam.shapes import EVENTS, event, function
from tests.unit.templates.reading import WHERE, computed, errors, properties, template, written, wrong

EVERYTHING = Path(__file__).with_name("sam.yaml").read_text()


def test_everything_is_generated_as_aws_does() -> None:
    session = boto3.Session(region_name="eu-west-1")
    theirs = Translator({}, Parser(), None, session).translate(copy.deepcopy(yaml_parse(EVERYTHING)), {})["Resources"]
    expected = {
        id: (one["Type"], computed(one.get("Properties", {}), "eu-west-1", "stack"))
        for id, one in theirs.items()
        if one["Type"] != "AWS::IAM::Role"
    }
    for _, made in expected.values():
        made["Tags"] = [tag for tag in made.get("Tags", []) if tag["Key"] != "lambda:createdBy"]
        if not made["Tags"]:
            del made["Tags"]
    found = {one.id: (one.type, _with_roles(one.id, written(one.properties))) for one in template(EVERYTHING).resources}
    assert found == expected


def _with_roles(id: str, made: dict[str, Any]) -> dict[str, Any]:
    """The roles that are generated as the translator refers to them."""
    for holder, key in ((made, "Role"), (made.get("Target", {}), "RoleArn")):
        if holder.get(key) == f"arn:aws:iam::123456789012:role/stack-{id}Role":
            holder[key] = {"of": f"{id}Role.Arn"}
    return made


HEAD = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Paid:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.11
"""


def test_local_code_is_relative_to_the_template() -> None:
    stack = template(HEAD + "      CodeUri: ../src/\n", path="deploy/app/template.yaml")
    assert properties(stack, "Paid")["Code"] == "deploy/src"


def test_code_that_is_nowhere_is_an_error() -> None:
    assert wrong(HEAD) == [(3, 3, "missing-property")]


@pytest.mark.parametrize("kind", ["Api", "HttpApi", "S3", "DynamoDB", "Cognito", "MSK", "AlexaSkill", "IoTRule"])
def test_events_that_are_not_done_are_refused_by_name(kind: str) -> None:
    content = HEAD + f"      CodeUri: .\n      Events:\n        One:\n          Type: {kind}\n"
    stack, findings = read_cloudformation("template.yaml", content, WHERE)
    assert stack is None
    assert errors(findings) == [(11, 17, "unsupported-event")]
    assert kind in findings[0].message


@pytest.mark.parametrize("kind", ["SimpleTable", "Api", "HttpApi", "StateMachine", "LayerVersion", "Application"])
def test_types_that_are_not_done_are_refused_by_name(kind: str) -> None:
    content = HEAD + f"      CodeUri: .\n  Other:\n    Type: AWS::Serverless::{kind}\n"
    assert wrong(content) == [(10, 11, "unsupported-type")]


@pytest.mark.parametrize("name", ["AutoPublishAlias", "DeploymentPreference", "FunctionUrlConfig"])
def test_properties_that_are_not_done_are_refused_by_name(name: str) -> None:
    assert wrong(HEAD + f"      CodeUri: .\n      {name}: live\n") == [(9, 7, "unsupported-property")]


def test_a_function_without_the_transform_is_told_the_line() -> None:
    assert (2, 3, "missing-transform") in wrong(HEAD.replace("Transform: AWS::Serverless-2016-10-31\n", ""))


def test_a_condition_leaves_out_all_that_a_function_stands_for() -> None:
    events = "      Events: {One: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}}\n"
    content = HEAD.replace("    Properties:", "    Condition: Never\n    Properties:") + "      CodeUri: .\n" + events
    stack = template("Conditions: {Never: !Equals [a, b]}\n" + content)
    assert stack.resources == ()


def test_both_forms_of_dead_letters_at_once_are_an_error() -> None:
    letters = "{Arn: 'arn:aws:sqs:eu-west-1:123456789012:q', Type: SQS}"
    schedule = f"{{Schedule: rate(1 hour), DeadLetterConfig: {letters}}}"
    content = HEAD + f"      CodeUri: .\n      Events:\n        One: {{Type: Schedule, Properties: {schedule}}}\n"
    assert wrong(content) == [(10, 9, "not-allowed")]


def test_nothing_that_is_read_is_missing_from_the_template_that_is_compared() -> None:
    written_keys = set(re.findall(r"\b([A-Z][A-Za-z0-9]+):", EVERYTHING))
    for shape in (function(), *(event(kind) for kind in EVENTS)):
        assert shape is not None
        named = {
            name
            for name, one in shape["fields"].items()
            if not isinstance(one, dict) or not {"refused", "ignored"} & set(one)
        }
        assert named <= written_keys


def test_a_build_method_is_named() -> None:
    content = HEAD + "      CodeUri: .\n    Metadata:\n      BuildMethod: esbuild\n"
    stack, findings = read_cloudformation("template.yaml", content, WHERE)
    assert stack is not None
    assert [(one.line, one.rule) for one in findings] == [(10, "no-effect")]
