"""Values that no service takes are found before anything is applied, where the file says them, whatever its kind."""

from __future__ import annotations

import pytest

from eventyard.contract.finding import Finding
from eventyard.templates.own import read_own
from tests.unit.templates.reading import GIVEN, WHERE, errors, read_cloudformation, read_serverless, template

_OWN = """\
stack: s
rules:
  fine: {source: shop, targets: {queue: q}}
  bad:
    pattern: {detail: {amount: [{numerc: [">", 1]}]}}
    targets: {queue: q}
  often:
    schedule: rate(5 parsecs)
    targets: {queue: q}
schedules:
  mars:
    at: cron(0 12 * * ? *)
    time_zone: Mars/Phobos
    target: {queue: q}
queues:
  q:
  badname!:
"""

_CLOUDFORMATION = """\
Resources:
  Fine: {Type: AWS::SQS::Queue, Properties: {QueueName: fine.fifo, FifoQueue: true}}
  NotFifo: {Type: AWS::SQS::Queue, Properties: {QueueName: plain.fifo}}
  Bad:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [shop]
        detail:
          amount: 5
      Targets:
        - Id: a
          Arn: !GetAtt Fine.Arn
          InputTransformer:
            InputPathsMap: {name: $.detail.name}
            InputTemplate: '"<nope>"'
  Kept:
    Type: AWS::Events::Archive
    Properties:
      SourceArn: !Sub arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default
      EventPattern: {source: []}
  At:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: at(2030-02-31T00:00:00)
      ScheduleExpressionTimezone: Europe/Nowhere
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !GetAtt Fine.Arn, RoleArn: 'arn:aws:iam::123456789012:role/r'}
"""

_SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Handler: h.f
      Runtime: python3.11
      Events:
        Each: {Type: Schedule, Properties: {Schedule: rate(1 minutes)}}
        Paid:
          Type: EventBridgeRule
          Properties:
            Pattern: {detail: {state: [{prefx: a}]}}
        Zone:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(1 day), ScheduleExpressionTimezone: Europe/Bonn2}
"""

_SERVERLESS = """\
service: s
provider: {name: aws, runtime: python3.11}
functions:
  f:
    handler: h.f
    events:
      - schedule: cron(0 12 * * * *)
      - eventBridge:
          pattern:
            detail:
              $or:
                - state: [a]
      - sqs:
          arn: arn:aws:sqs:us-east-1:123456789012:q
          filterPatterns:
            - body: {a: [{numeric: ['>']}]}
"""


def test_in_a_file_of_our_own() -> None:
    stack, found = read_own([("eventyard.yml", _OWN)])
    assert stack is None
    assert errors(found) == [
        (5, 33, "bad-pattern"),
        (8, 15, "bad-schedule"),
        (13, 16, "bad-time-zone"),
        (17, 3, "bad-name"),
    ]
    assert "numerc" in found[0].message


def test_in_a_template() -> None:
    stack, found = read_cloudformation("template.yaml", _CLOUDFORMATION, WHERE)
    assert stack is None
    assert errors(found) == [
        (3, 60, "bad-name"),
        (10, 19, "bad-pattern"),
        (16, 28, "bad-input"),
        (21, 30, "bad-pattern"),
        (25, 27, "bad-schedule"),
        (26, 35, "bad-time-zone"),
    ]


def test_in_a_template_of_sam() -> None:
    assert errors(read_cloudformation("template.yaml", _SAM, WHERE)[1]) == [
        (10, 55, "bad-schedule"),
        (14, 40, "bad-pattern"),
        (17, 85, "bad-time-zone"),
    ]


def test_in_a_file_of_serverless_framework() -> None:
    found = read_serverless("serverless.yml", _SERVERLESS, GIVEN)[1]
    # The text that a filter becomes is not in the file: its event is.
    assert errors(found) == [(7, 19, "bad-schedule"), (12, 17, "bad-pattern"), (13, 9, "bad-pattern")]


def test_what_a_parameter_made_is_found_at_its_resource() -> None:
    content = "Parameters: {Name: {Type: String, Default: no/name}}\nResources:\n"
    content += "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name}}\n"
    _, found = read_cloudformation("template.yaml", content, WHERE)
    assert errors(found) == [(3, 3, "bad-name")]
    assert found[0].message.endswith("and is not 'no/name'.")


def test_what_is_only_known_later_is_not_judged() -> None:
    content = "Resources:\n  Q: {Type: AWS::SQS::Queue}\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n"
    template(content + "      EventPattern: {source: [!GetAtt Q.Arn]}\n")


@pytest.mark.parametrize("expression", ["rate(2 hours)", "cron(0 12 ? * MON-FRI *)", "at(2030-01-01T00:00:00)"])
def test_schedules_have_the_forms_of_their_service(expression: str) -> None:
    content = f"stack: s\nqueues: {{q: }}\nschedules:\n  a: {{at: '{expression}', target: {{queue: q}}}}\n"
    assert read_own([("eventyard.yml", content)])[1] == ()
    content = f"stack: s\nqueues: {{q: }}\nrules:\n  a: {{schedule: '{expression}', targets: {{queue: q}}}}\n"
    found: tuple[Finding, ...] = read_own([("eventyard.yml", content)])[1]
    assert errors(found) == ([(4, 17, "bad-schedule")] if expression.startswith("at") else [])


@pytest.mark.parametrize("file", ["template.yaml", "infra/template.yaml", "../infra/template.yaml", "/x/template.yaml"])
def test_code_from_outside_of_the_folder_is_a_warning(file: str) -> None:
    function = "Type: AWS::Serverless::Function\n    Properties: {{CodeUri: {}, Handler: h.f, Runtime: python3.11}}\n"
    head = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    "
    for code in ("../src", "../..", "/etc/ssl"):
        stack, found = read_cloudformation(file, head + function.format(code), WHERE)
        assert stack is not None
        assert [(one.line, one.rule, one.severity) for one in found] == [(3, "code-outside", "warning")]
    for code in (".", "src", "./src/../lib"):
        assert read_cloudformation(file, head + function.format(code), WHERE)[1] == ()
