"""Files of Serverless Framework become what the tool itself makes of them.

The templates beside the files in ``serverless/`` were written by ``serverless package`` of serverless 3.40.0; left out
of them are its bucket, role and versions, and where it put the code.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eventyard.templates import Given, read_serverless
from eventyard.templates.serverless import shapes
from tests.unit.templates.reading import GIVEN, computed, errors, properties, serverless, written

FILES = Path(__file__).with_name("serverless")


#: The policies for dead letters of topics, which are the tool's but for what they allow: that topic only. There is none
#: here for a queue that is not of the stack.
POLICIES = {"everything": {"TopicbToOnDashapprovedDLQPolicy"}, "more": set[str](), "rest": {"TToFirstDLQPolicy"}}


@pytest.mark.parametrize("name", POLICIES)
def test_everything_is_generated_as_the_tool_does(name: str) -> None:
    region = "us-east-1" if name == "more" else "eu-west-1"
    stack = serverless((FILES / f"{name}.yml").read_text(), Given(account="123456789012", region=region))
    theirs = json.loads((FILES / f"{name}.json").read_text())["Resources"]
    if name == "more":
        del theirs["F1LambdaFunction"]["Properties"]["Environment"]["Variables"]["S"]
    expected = {
        id: (one["Type"], computed(one.get("Properties", {}), region, stack.name)) for id, one in theirs.items()
    }
    found = {one.id: (one.type, written(one.properties)) for one in stack.resources}
    role = f"arn:aws:iam::123456789012:role/shop-dev-{region}-lambdaRole"
    for _, made in found.values():
        made.pop("Code", None)
    for _, made in expected.values():
        _replace(made, {"of": "IamRoleLambdaExecution.Arn"}, role)
    policies = [id for id, (kind, _) in expected.items() if kind == "AWS::SQS::QueuePolicy"]
    assert {id for id in policies if id in found} == POLICIES[name]
    for id in policies:
        del expected[id]
        found.pop(id, None)
    if name == "rest":
        # Its documentation has it, and the tool leaves it out.
        assert found["FirstEventSourceMappingKinesisS"][1].pop("StartingPositionTimestamp") == 1000000001
    if name == "more":
        # An id with a dot, which CloudFormation refuses.
        expected["MybusUnderscorexDashyEventBridgeEventBus"] = expected.pop("My.busUnderscorexDashyEventBridgeEventBus")
        environment = found["F1LambdaFunction"][1]["Environment"]["Variables"]
        assert environment.pop("S") == {"join": ["us-east-1-", {"of": "Q.Arn"}, "-", {"of": "Q.Ref"}]}
    assert found == expected


def _replace(value: Any, old: Any, new: Any) -> None:
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if one == old:
            value[key] = new
        else:
            _replace(one, old, new)


FUNCTION = """\
service: shop
provider: {name: aws, runtime: python3.11}
functions:
  paid:
    handler: handlers.on_success
    events:
"""

BESIDE = """\
      - eventBridge:
        eventBus: orders
        pattern:
          source: [shop]
          detail-type:
            - OrderPaid
"""
DASHES = """\
      - eventBridge:
      - eventBus: orders
        pattern:
          source: [shop]
          detail-type:
            - OrderPaid
"""
ABOVE = """\
      - eventBridge:
    eventBus: orders
    pattern:
      source: [shop]
      detail-type:
        - OrderPaid
"""
FIXED = """\
- eventBridge:
    eventBus: orders
    pattern:
      source: [shop]
      detail-type:
        - OrderPaid"""


@pytest.mark.parametrize(
    ("events", "line", "column"),
    [(BESIDE, 8, 9), (DASHES, 8, 9), (DASHES.replace("eventBridge:", "eventBridge"), 8, 9), (ABOVE, 8, 5)],
    ids=["beside", "dashes", "dashes without a colon", "above"],
)
def test_keys_at_the_wrong_depth_are_shown_as_they_should_be(events: str, line: int, column: int) -> None:
    stack, findings = read_serverless("serverless.yml", FUNCTION + events, GIVEN)
    assert stack is None
    assert errors(findings) == [(line, column, "wrong-depth")]
    assert "\n".join(findings[0].fix) == FIXED
    assert str(findings[0]).endswith("Indent what belongs to it:\n" + FIXED)
    indented = "".join(f"      {each}\n" for each in FIXED.splitlines())
    rule = properties(serverless(FUNCTION + indented), "Shopdevpaidrule1EventBridgeRule")
    assert rule["EventPattern"] == {"source": ["shop"], "detail-type": ["OrderPaid"]}
    assert rule["EventBusName"] == "orders"


def test_a_schedule_at_the_wrong_depth_is_found_as_well() -> None:
    _, findings = read_serverless("serverless.yml", FUNCTION + "      - schedule:\n        rate: rate(1 hour)\n", GIVEN)
    assert errors(findings) == [(8, 9, "wrong-depth")]
    assert findings[0].fix == ("- schedule:", "    rate: rate(1 hour)")


def test_events_without_a_dash_are_told_to_have_one() -> None:
    _, findings = read_serverless("serverless.yml", FUNCTION + "      eventBridge: {schedule: rate(1 hour)}\n", GIVEN)
    assert errors(findings) == [(7, 7, "wrong-depth")]
    assert "put a dash" in findings[0].message


def test_the_keys_of_a_pattern_beside_it_are_told_where_they_belong() -> None:
    events = (
        "      - eventBridge:\n          eventBus: orders\n          pattern:\n          source:\n            - shop\n"
    )
    _, findings = read_serverless("serverless.yml", FUNCTION + events, GIVEN)
    assert errors(findings) == [(10, 11, "wrong-depth")]
    assert findings[0].fix == (
        *("- eventBridge:", "    eventBus: orders", "    pattern:", "      source:", "        - shop"),
    )


@pytest.mark.parametrize("kind", ["http", "httpApi", "s3", "websocket", "alexaSkill", "iot", "cognitoUserPool", "msk"])
def test_events_that_are_not_done_are_refused_by_name(kind: str) -> None:
    _, findings = read_serverless("serverless.yml", FUNCTION + f"      - {kind}: x\n", GIVEN)
    assert errors(findings) == [(7, 9, "unsupported-event")]
    assert kind in findings[0].message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${self:service}", "shop"),
        ("${self:custom.nested.name}", "n-shop"),
        ("${opt:stage, 'none'}", "test"),
        ("${opt:nope, self:custom.nope, 'none'}", "none"),
        ("${opt:nope, ${env:HOME_OF}}", "home"),
        ("${env:${self:custom.variable}}", "home"),
        ("a-${sls:stage}-${aws:region}-${aws:accountId}-z", "a-test-eu-west-1-123456789012-z"),
        ("${file(more.yml):names.0}", "first"),
        ("${file(./conf.${opt:stage}.json):name}", "of the stage"),
        ("${file(missing.yml):a, 'else'}", "else"),
        ("${file(text.txt)}", "plain"),
        ("${param:color}", "red"),
        ("${param:size}", "9"),
        ("${strToBool(true)}", "true"),
        ("${AWS::Region}", "${AWS::Region}"),
        ("${Queue}", "${Queue}"),
        ("${self:custom.list.1}", "b"),
    ],
)
def test_variables_have_the_values_that_they_name(value: str, expected: str) -> None:
    files = {
        "more.yml": "names: [first]\n",
        "conf.test.json": '{"name": "of the stage"}',
        "text.txt": "plain",
    }
    given = Given({"stage": "test"}, {"HOME_OF": "home"}, files.get, "123456789012", "eu-west-1")
    content = f"""\
service: shop
provider: {{name: aws, runtime: python3.11}}
params: {{test: {{color: red}}, default: {{color: blue, size: 9}}}}
custom:
  variable: HOME_OF
  nested: {{name: "n-${{self:service}}"}}
  list: [a, b]
functions:
  paid:
    handler: handlers.on_success
    description: "{value}"
"""
    assert properties(serverless(content, given), "PaidLambdaFunction")["Description"] == expected


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("${opt:nope}", "unresolved-variable"),
        ("${env:NOPE}", "unresolved-variable"),
        ("${ssm:/a/b}", "unresolved-variable"),
        ("${cf:stack.output}", "unresolved-variable"),
        ("${cf(eu-west-1):stack.output}", "unresolved-variable"),
        ("${file(../secret.yml):a}", "unresolved-variable"),
        ("${file(/etc/passwd)}", "unresolved-variable"),
        ("${file(~/x.yml)}", "unresolved-variable"),
        ("${file(a/../../x.yml)}", "unresolved-variable"),
        ("${file(conf.js):a}", "unresolved-variable"),
        ("${self:custom.me}", "circular"),
        ("${selv:custom.me}", "unknown-variable"),
        ("a${self:custom}", "unresolved-variable"),
    ],
)
def test_variables_without_a_value_are_findings_where_they_are(value: str, rule: str) -> None:
    asked: list[str] = []

    def file(path: str) -> str | None:
        asked.append(path)
        return None

    content = f"""\
service: shop
custom: {{a: 1, me: "${{self:custom.me}}"}}
provider: {{name: aws, runtime: python3.11}}
functions:
  paid:
    handler: handlers.on_success
    description: "{value}"
"""
    if rule != "circular":
        content = content.replace('"${self:custom.me}"', "1")
    _, findings = read_serverless("serverless.yml", content, Given(file=file))
    assert rule in {one.rule for one in findings}
    assert 7 in {one.line for one in findings} or rule == "circular"
    assert not asked, "nothing outside of the project is opened"


def test_a_plugin_and_roles_are_named_and_no_error() -> None:
    content = FUNCTION.replace("    events:\n", "") + "plugins: [serverless-offline]\ncustom: {any: thing}\n"
    stack, findings = read_serverless("serverless.yml", content, GIVEN)
    assert stack is not None
    assert [(one.line, one.rule) for one in findings] == [(6, "no-effect")]
    assert "serverless-offline" in findings[0].message


def test_resources_of_several_files_are_joined_and_extended() -> None:
    content = (
        FUNCTION.replace("    events:\n", "")
        + """\
resources:
  - Resources: {First: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1, QueueName: one}}}
  - Resources: {Second: {Type: AWS::SQS::Queue}}
    Outputs: {Url: {Value: !Ref First}}
    extensions:
      First: {Properties: {DelaySeconds: 2}}
      PaidLogGroup: {Properties: {RetentionInDays: 30}, DeletionPolicy: Retain}
"""
    )
    stack = serverless(content)
    assert properties(stack, "First") == {"DelaySeconds": 2, "QueueName": "one"}
    assert properties(stack, "PaidLogGroup")["RetentionInDays"] == 30
    assert next(one.keep for one in stack.resources if one.id == "PaidLogGroup")
    assert written(stack.outputs) == {"Url": {"of": "First.Ref"}}


def test_a_function_whose_name_is_too_long_for_its_rule_is_told_so() -> None:
    content = FUNCTION.replace("paid", "p" * 60) + "      - eventBridge: {schedule: rate(1 hour)}\n"
    _, findings = read_serverless("serverless.yml", content, GIVEN)
    assert errors(findings) == [(7, 9, "bad-name")]


def test_the_environment_of_all_functions_may_refer_to_resources() -> None:
    content = """\
service: shop
provider: {name: aws, runtime: python3.11, environment: {URL: !Ref Queue, STAGE: "${sls:stage}"}}
functions: {paid: {handler: handlers.on_success, environment: {OWN: !GetAtt Queue.Arn}}}
resources: {Resources: {Queue: {Type: AWS::SQS::Queue}}}
"""
    variables = properties(serverless(content), "PaidLambdaFunction")["Environment"]["Variables"]
    assert written(variables) == {"URL": {"of": "Queue.Ref"}, "STAGE": "dev", "OWN": {"of": "Queue.Arn"}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("provider: aws\n", (1, 1, "missing-property")),
        ("service: s\n", (1, 1, "missing-property")),
        ("service: s\nprovider: google\n", (2, 11, "not-allowed")),
        ("service: s\nprovider: [aws]\n", (2, 11, "wrong-type")),
        ("service: s\nprovider: {name: aws, runtim: x}\n", (2, 23, "unknown-key")),
        ("service: s\nprovider: aws\nfunction: {}\n", (3, 1, "unknown-section")),
        ("service: s\nprovider: aws\nfunctions: {f: {handler: h.f}}\n", (3, 13, "missing-property")),
        ("service: s\nprovider: aws\nfunctions: {f: {runtime: python3.11}}\n", (3, 16, "missing-property")),
        ("service: s\nprovider: aws\nfunctions: [1]\n", (3, 13, "wrong-type")),
        ("service: s\nprovider: aws\nresources: [1]\n", (3, 13, "wrong-type")),
        (
            "service: s\nprovider: aws\nresources: {Resources: {B: {Type: AWS::S3::Bucket}}}\n",
            (3, 35, "unsupported-type"),
        ),
        ("service: s\nprovider: aws\nlayers: {}\n", (3, 1, "unsupported-property")),
        ("service: 'a b'\nprovider: aws\n", (1, 1, "bad-name")),
    ],
)
def test_what_is_wrong_is_found_where_it_is(content: str, expected: tuple[int, int, str]) -> None:
    stack, findings = read_serverless("serverless.yml", content, GIVEN)
    assert stack is None
    assert expected in errors(findings)


def test_nothing_that_is_read_is_missing_from_the_files_that_are_compared() -> None:
    whole = "".join((FILES / f"{name}.yml").read_text() for name in POLICIES)
    keys = set(re.findall(r"\b([a-z][A-Za-z]+):", whole))
    for name, shape in {"function": shapes.FUNCTION, **shapes.EVENTS}.items():
        named = {
            key
            for key, one in shape["fields"].items()
            if not isinstance(one, dict) or not {"refused", "ignored"} & set(one)
        }
        assert named <= keys, name


def test_the_lines_as_they_should_be_keep_all_that_was_said() -> None:
    head = "service: s\nprovider: {name: aws, runtime: python3.11}\nfunctions:\n  f:\n    handler: h.f\n    events:\n"
    event = "      - eventBridge:\n          eventBus: orders\n          pattern:\n            detail-type: [Paid]\n"
    rest = "          source: [shop]\n          retryPolicy: {maximumRetryAttempts: 1}\n"
    _, found = read_serverless("serverless.yml", head + event + rest, GIVEN)
    assert "\n".join(found[0].fix) == (
        "- eventBridge:\n    eventBus: orders\n    retryPolicy: {maximumRetryAttempts: 1}\n    pattern:\n"
        "      detail-type: [Paid]\n      source: [shop]"
    )
    inline = "      - eventBridge:\n          pattern: {detail-type: [Paid]}\n          source: [shop]\n"
    _, found = read_serverless("serverless.yml", head + inline, GIVEN)
    assert [(one.rule, one.fix) for one in found] == [("wrong-depth", ())]
