"""Templates of CloudFormation become stacks, and what is wrong with them is found where it is."""

from __future__ import annotations

import json

import pytest

from eventyard.resource import Join, Reference
from eventyard.templates import Where, read_cloudformation
from tests.unit.templates.reading import WHERE, errors, properties, template, written, wrong

TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Description: What a shop needs
Metadata: {Anything: [goes, here]}
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Days: {Type: Number, Default: 4, MinValue: 1, MaxValue: 14}
  Names: {Type: CommaDelimitedList, Default: "a, b,c"}
Mappings:
  Sizes: {dev: {Delay: 1}, prod: {Delay: 5}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
Resources:
  Orders:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    Properties:
      KmsMasterKeyId: !Sub "orders-${Stage}-${AWS::Region}-${!literal}"
      DelaySeconds: !FindInMap [Sizes, !Ref Stage, Delay]
      MessageRetentionPeriod: !If [IsProd, 1209600, !Ref AWS::NoValue]
      VisibilityTimeout: "30"
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead: {Type: AWS::SQS::Queue}
  OnlyProd: {Type: AWS::SQS::Queue, Condition: IsProd}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  Rule:
    Type: AWS::Events::Rule
    DependsOn: [Dead, OnlyProd]
    Properties:
      EventBusName: !Ref Bus
      EventPattern:
        source: [shop]
        detail: {total: [{numeric: [">", 100]}], account: ["012345678901"], yes: [true]}
      State: ENABLED
      Targets:
        - Arn: !GetAtt [Orders, Arn]
          Id: orders
          InputTransformer:
            InputPathsMap: {total: $.detail.total}
            InputTemplate: '"<total> of ${Stage}"'
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Orders]
      PolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: !Sub "${Orders.Arn}", Principal: "*"}]
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
  Made:
    Type: AWS::Lambda::Function
    Properties:
      Code: src
      Handler: app.handler
      Runtime: python3.11
      Role: !GetAtt Role.Arn
      Environment:
        Variables: {URL: !Ref Orders, LIST: !Join ["|", !Ref Names], SECOND: !Select [1, !Ref Names], COUNT: 7, ON: yes}
Outputs:
  Url: {Value: !Ref Orders, Description: Where to send, Export: {Name: !Sub "${AWS::StackName}-url"}}
  Prod: {Value: !Ref OnlyProd, Condition: IsProd}
  Text: {Value: !Join ["/", [!GetAtt Orders.Arn, "x", !Ref Days]]}
"""


def test_everything_in_a_template_is_resolved_as_far_as_it_is_known() -> None:
    stack, findings = read_cloudformation("template.yaml", TEMPLATE, WHERE)
    assert stack is not None, findings
    assert not findings
    assert [one.id for one in stack.resources] == ["Orders", "Dead", "Bus", "Rule", "Policy", "Role", "Made"]
    assert properties(stack, "Orders") == {
        "KmsMasterKeyId": "orders-dev-eu-west-1-${literal}",
        "DelaySeconds": 1,
        "VisibilityTimeout": 30,
        "RedrivePolicy": {"deadLetterTargetArn": Reference("Dead", "Arn"), "maxReceiveCount": 3},
    }
    rule = next(one for one in stack.resources if one.id == "Rule")
    assert rule.after == ("Dead",)
    assert rule.place == ("template.yaml", 26, 3)
    assert rule.properties["EventBusName"] == Reference("Bus", "Ref")
    assert rule.properties["EventPattern"]["detail"] == {
        "total": [{"numeric": [">", 100]}],
        "account": ["012345678901"],
        "yes": [True],
    }
    assert rule.properties["Targets"][0]["Arn"] == Reference("Orders", "Arn")
    assert [one.id for one in stack.resources if one.keep] == ["Orders"]
    assert properties(stack, "Policy")["PolicyDocument"]["Version"] == "2012-10-17"
    made = properties(stack, "Made")
    assert made["Code"] == "src"
    assert made["Role"] == Reference("Role", "Arn")
    assert made["Environment"]["Variables"] == {
        "URL": Reference("Orders", "Ref"),
        "LIST": "a|b|c",
        "SECOND": "b",
        "COUNT": "7",
        "ON": "true",
    }
    assert stack.outputs == {
        "Url": Reference("Orders", "Ref"),
        "export stack-url": Reference("Orders", "Ref"),
        "Text": Join((Reference("Orders", "Arn"), "/x/4")),
    }


def test_parameters_choose_what_conditions_ask_for() -> None:
    stack = template(TEMPLATE, Where("stack", "123456789012", "eu-west-1", {"Stage": "prod"}))
    assert properties(stack, "Orders")["MessageRetentionPeriod"] == 1209600
    assert properties(stack, "Orders")["DelaySeconds"] == 5
    assert "OnlyProd" in [one.id for one in stack.resources]
    assert "Prod" in stack.outputs


def test_json_is_read_with_its_places() -> None:
    content = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Delay": 1}}}}, indent=2)
    assert wrong(content, path="template.json") == [(6, 18, "unknown-property")]
    assert template(content.replace('"Delay": 1', '"DelaySeconds": 1'), path="template.json").resources


def _in(properties: str, type: str = "AWS::SQS::Queue") -> str:
    return f"Resources:\n  Q:\n    Type: {type}\n    Properties:\n      {properties}\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (_in("QueueNam: x"), (5, 7, "unknown-property")),
        (_in("DelaySeconds: soon"), (5, 21, "wrong-type")),
        (_in("DelaySeconds: [1]"), (5, 21, "wrong-type")),
        (_in("Tags: {a: b}"), (5, 13, "wrong-type")),
        (_in("Tags: [{Key: a}]"), (5, 14, "missing-property")),
        (_in("QueueName:"), (5, 7, "wrong-type")),
        (_in("QueueName: !Ref Other"), (5, 18, "unknown-reference")),
        (_in("QueueName: !GetAtt Q.Nothing"), (5, 18, "unknown-attribute")),
        (_in("QueueName: !Sub '${Nope}'"), (5, 18, "unknown-reference")),
        (_in("QueueName: !Sub '${Q.Nope}'"), (5, 18, "unknown-attribute")),
        (_in("QueueName: !Subb x"), (5, 18, "unknown-function")),
        (_in("QueueName: {'Fn::Subb': x}"), (5, 18, "unknown-function")),
        (_in("QueueName: !Cidr [a, b, c]"), (5, 18, "unsupported-function")),
        (_in("QueueName: {'Fn::Transform': x}"), (5, 18, "unsupported-function")),
        (_in("QueueName: !Select [5, [a]]"), (5, 27, "bad-function")),
        (_in("QueueName: !Join [a]"), (5, 18, "bad-function")),
        (_in("QueueName: !Select [0, !Split ['-', !GetAtt Q.Arn]]"), (5, 43, "bad-function")),
        (_in("QueueName: !ImportValue other"), (5, 18, "unsupported-function")),
        (_in("QueueName: !FindInMap [A, b, c]"), (5, 30, "unknown-reference")),
        (_in("QueueName: {Ref: Q, More: 1}"), (5, 19, "bad-function")),
        (_in("QueueName: !If [Nope, a, b]"), (5, 23, "unknown-reference")),
        (_in("QueueName: !Length [a]"), (5, 18, "bad-function")),
        (_in("'Fn::ForEach::X': [a]"), (5, 7, "unsupported-function")),
        (_in("{}", "AWS::S3::Bucket"), (3, 11, "unsupported-type")),
        (_in("{}", "AWS::SQS::Queues"), (3, 11, "unsupported-type")),
        (_in("{}", "Custom::Mine"), (3, 11, "unsupported-type")),
        ("Resources:\n  Q: {Properties: {}}\n", (2, 3, "missing-property")),
        ("Resources:\n  Q: {Type: AWS::SQS::Queue, Propertys: {}}\n", (2, 30, "unknown-key")),
        ("Resources:\n  Q: {Type: AWS::SQS::Queue, DependsOn: X}\n", (2, 41, "unknown-reference")),
        ("Resources:\n  Q: {Type: AWS::SQS::Queue, DeletionPolicy: Keep}\n", (2, 46, "not-allowed")),
        ("Resources:\n  Q: {Type: AWS::SQS::Queue, Condition: Never}\n", (2, 41, "unknown-reference")),
        ("Resources:\n  a-b: {Type: AWS::SQS::Queue}\n", (2, 3, "bad-name")),
        ("Resource: {}\nResources: {Q: {Type: AWS::SQS::Queue}}\n", (1, 1, "unknown-section")),
        ("Resources: {Q: {Type: AWS::SQS::Queue}}\nTransform: My::Macro\n", (2, 12, "unsupported-transform")),
        ("Resources: {Q: {Type: AWS::SQS::Queue}}\nAWSTemplateFormatVersion: 2011-01-01\n", (2, 27, "not-allowed")),
        ("Description: x\n", (1, 1, "missing-property")),
        ("[]", (1, 1, "wrong-type")),
        ("Resources:\n  Q: {Type: AWS::SQS::Queue}\n  Q: {Type: AWS::SQS::Queue}\n", (3, 3, "duplicate-key")),
        (
            "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}}\n" + _in("QueueName: !Ref P"),
            (6, 18, "unsupported-parameter"),
        ),
        ("Parameters: {P: {Type: String}}\n" + _in("{}"), (1, 14, "missing-parameter")),
        ("Parameters: {P: {Type: String, Default: b, AllowedPattern: '[a]+'}}\n" + _in("{}"), (1, 14, "bad-parameter")),
        ("Parameters: {P: {Type: Number, Default: x}}\n" + _in("{}"), (1, 14, "bad-parameter")),
        ("Parameters: {P: {Type: Strin, Default: x}}\n" + _in("{}"), (1, 14, "unknown-type")),
        ("Conditions: {A: !Condition B, B: !Condition A}\n" + _in("{}"), (1, 14, "circular")),
        ("Conditions: {A: !Equals [!GetAtt Q.Arn, x]}\n" + _in("{}"), (1, 26, "unknown-reference")),
        ("Conditions: {A: !Equal [a, b]}\n" + _in("{}"), (1, 17, "unknown-function")),
        ("Outputs: {A: {Valu: x}}\n" + _in("{}"), (1, 15, "unknown-key")),
        ("Mappings: {A: {b: {c: {d: e}}}}\n" + _in("{}"), (1, 23, "wrong-type")),
        ("Globals: {Function: {Timeout: 3}}\n" + _in("{}"), (1, 10, "missing-transform")),
    ],
)
def test_what_is_wrong_is_found_where_it_is(content: str, expected: tuple[int, int, str]) -> None:
    assert expected in wrong(content)


def test_nearly_right_names_get_a_guess() -> None:
    _, findings = read_cloudformation("t.yaml", _in("QueueNam: x"), WHERE)
    assert findings[0].message.endswith("did you mean QueueName?")
    _, findings = read_cloudformation("t.yaml", _in("{}", "AWS::Event::Rule"), WHERE)
    assert findings[0].message.endswith("did you mean AWS::Events::Rule?")


def test_a_given_parameter_that_is_not_there_is_an_error() -> None:
    where = Where("stack", parameters={"Stag": "prod"})
    _, findings = read_cloudformation("template.yaml", TEMPLATE, where)
    assert [one.message for one in findings if one.rule == "unknown-parameter"] == [
        "The parameter Stag is not known; did you mean Stage?"
    ]


def test_the_value_of_a_parameter_with_noecho_is_in_no_finding() -> None:
    for rest, in_it in (("AllowedValues: [a]", "QueueName: !Ref P"), ("Default: a", "DelaySeconds: !Sub 'a${P}'")):
        content = f"Parameters: {{P: {{Type: String, NoEcho: true, {rest}}}}}\n" + _in(in_it)
        _, findings = read_cloudformation("t.yaml", content, Where("stack", parameters={"P": "hunter2"}))
        assert errors(findings)
        assert "hunter2" not in "".join(map(str, findings))


def test_an_imported_value_may_be_given() -> None:
    where = Where("stack", parameters={"other-name": "given"})
    assert properties(template(_in("QueueName: !ImportValue other-name"), where), "Q") == {"QueueName": "given"}


def test_resources_that_wait_for_one_another_are_an_error() -> None:
    content = """\
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt B.QueueName}}
  B: {Type: AWS::SQS::Queue, DependsOn: A}
"""
    assert [one[2] for one in wrong(content)] == ["circular"]


def test_a_reference_to_what_a_condition_leaves_out_is_an_error_unless_the_same_condition_takes_it_away() -> None:
    head = "Conditions: {Never: !Equals [a, b]}\nResources:\n  Out: {Type: AWS::SQS::Queue, Condition: Never}\n"
    taken = head + "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !If [Never, !GetAtt Out.QueueName, q]}}\n"
    assert properties(template(taken), "Q") == {"QueueName": "q"}
    assert [
        one[2] for one in wrong(head + "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt Out.QueueName}}\n")
    ] == ["unknown-reference"]


def test_what_is_left_out_is_checked_as_well() -> None:
    content = """\
Conditions: {Never: !Equals [a, b]}
Resources:
  Out: {Type: AWS::SQS::Queue, Condition: Never, Properties: {Queue: 1}}
  Q: {Type: AWS::SQS::Queue, Properties: {Tags: !If [Never, [{Kee: a, Value: b}], []]}}
"""
    assert [one[2] for one in wrong(content)] == ["unknown-property", "missing-property", "unknown-property"]


def test_what_has_no_effect_is_named() -> None:
    content = """\
Rules: {R: {Assertions: []}}
Resources:
  Q: {Type: AWS::SQS::Queue, CreationPolicy: {}, UpdateReplacePolicy: Snapshot}
"""
    stack, findings = read_cloudformation("t.yaml", content, WHERE)
    assert stack is not None
    assert [(one.line, one.severity, one.rule) for one in findings] == [
        (1, "warning", "no-effect"),
        (3, "warning", "no-effect"),
        (3, "warning", "no-effect"),
    ]


def test_what_is_to_be_kept_when_and_when_not() -> None:
    content = """\
Resources:
  A: {Type: AWS::SQS::Queue, UpdateReplacePolicy: Retain}
  B: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}
  C: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, UpdateReplacePolicy: Retain}
"""
    kept = [(one.id, one.keep, one.keep_replaced) for one in template(content).resources]
    assert kept == [("A", False, True), ("B", True, False), ("C", True, True)]


def test_language_extensions_are_done_with_their_transform() -> None:
    content = "Transform: AWS::LanguageExtensions\n" + _in("DelaySeconds: !Length [a, b]")
    assert properties(template(content), "Q") == {"DelaySeconds": 2}
    content = "Transform: AWS::LanguageExtensions\n" + _in("KmsMasterKeyId: !ToJsonString {a: [1, true]}")
    assert properties(template(content), "Q") == {"KmsMasterKeyId": '{"a":[1,true]}'}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("!Base64 hello", "aGVsbG8="),
        ("!Select [1, !Split [':', 'a:b:c']]", "b"),
        ("!Join ['', [a, !Ref 'AWS::NoValue', b]]", "ab"),
        ("!Sub ['${x}-${AWS::Partition}', {x: !Ref 'AWS::AccountId'}]", "123456789012-aws"),
        ("{'Fn::Join': ['-', [a, {Ref: 'AWS::StackName'}, 1, true]]}", "a-stack-1-true"),
        ("!Sub '${AWS::URLSuffix}'", "amazonaws.com"),
        ("!Sub '${Other.Arn}/x'", {"join": [{"of": "Other.Arn"}, "/x"]}),
        ("!Join ['.', [!Ref Other]]", {"of": "Other.Ref"}),
        ("!Sub '$${x} ${!AWS::Region}'", "${AWS::Region}"),
        ("012345678901", "012345678901"),
        ("1.50", "1.50"),
    ],
)
def test_functions_say_what_aws_says(function: str, expected: object) -> None:
    if "$${x}" in function:
        function, expected = "!Sub '${!x} ${!AWS::Region}'", "${x} ${AWS::Region}"
    content = _in(f"KmsMasterKeyId: {function}") + "  Other: {Type: AWS::SQS::Queue}\n"
    assert written(properties(template(content), "Q")["KmsMasterKeyId"]) == expected


def test_partitions_go_by_the_region() -> None:
    content = _in("KmsMasterKeyId: !Sub '${AWS::Partition}.${AWS::URLSuffix}'")
    stack = template(content, Where("stack", region="cn-north-1"))
    assert properties(stack, "Q")["KmsMasterKeyId"] == "aws-cn.amazonaws.com.cn"


def test_identities_that_are_left_out_can_still_be_referred_to() -> None:
    content = _in("Policy: x", "AWS::IAM::User") + "  R: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Q}}\n"
    stack, findings = read_cloudformation("t.yaml", content, WHERE)
    assert stack is not None
    assert [(one.line, one.rule) for one in findings] == [(2, "left-out")]
    assert properties(stack, "R") == {"QueueName": "stack-Q"}


def test_what_the_cdk_adds_to_every_template_is_named_and_no_error() -> None:
    content = {
        "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk/version"}},
        "Rules": {"CheckBootstrapVersion": {"Assertions": [{"Assert": {"Ref": "BootstrapVersion"}}]}},
        "Conditions": {"CDKMetadataAvailable": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
        "Resources": {
            "Q63C6E3AB": {"Type": "AWS::SQS::Queue", "Metadata": {"aws:cdk:path": "Stack/Q/Resource"}},
            "CDKMetadata": {
                "Type": "AWS::CDK::Metadata",
                "Properties": {"Analytics": "v2:deflate64:x"},
                "Condition": "CDKMetadataAvailable",
            },
        },
    }
    stack, findings = read_cloudformation("template.json", json.dumps(content), WHERE)
    assert stack is not None, [str(one) for one in findings]
    assert [one.id for one in stack.resources] == ["Q63C6E3AB"]
    assert sorted(one.rule for one in findings) == ["left-out", "no-effect", "unsupported-parameter"]


def test_what_is_kept_in_systems_manager_may_be_given() -> None:
    content = "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}}\n" + _in("QueueName: !Ref P")
    assert properties(template(content, Where("stack", parameters={"P": "given"})), "Q") == {"QueueName": "given"}


@pytest.mark.parametrize(
    ("kind", "meant"), [("AWS::DynamoDB::Table", ""), ("AWS::S3::Bucket", ""), ("AWS::SQS::Queu", "AWS::SQS::Queue")]
)
def test_a_type_that_is_not_known_is_guessed_only_if_it_is_near(kind: str, meant: str) -> None:
    _, findings = read_cloudformation("template.yaml", f"Resources: {{A: {{Type: '{kind}'}}}}\n", WHERE)
    assert ("did you mean" in findings[0].message) == bool(meant)
    assert meant in findings[0].message
