"""What people write as a whole is there as a whole: nothing that somebody added to it outside passes for wanted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from eventyard.resource import Reference, Stack
from eventyard.stacks import find_drift
from tests.acceptance.stacks.driver import Driver, actions, stack

_QUEUE: tuple[str, dict[str, Any]] = ("AWS::SQS::Queue", {})
_RULE = "AWS::Events::Rule"
_ROLE = "arn:aws:iam::123456789012:role/some"
_CODE = {"ZipFile": "def handler(event, context):\n    return 1\n"}


class _KilledError(BaseException):
    """As if the process had been killed: nothing that is done for errors is done."""


def _rule(pattern: dict[str, Any], **more: Any) -> Stack:
    target = {"Id": "q", "Arn": Reference("queue", "Arn")}
    return stack(queue=_QUEUE, rule=(_RULE, {"EventPattern": pattern, "Targets": [target], **more}))


def _pattern(driver: Driver) -> Any:
    return json.loads(driver.call("events", "DescribeRule", Name="s-rule")["EventPattern"])


def _apply_and_be_killed_after(driver: Driver, wanted: Stack, operation: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        call = driver.site.call

        def killing(service: str, asked: str, parameters: Any) -> Any:
            answer = call(service, asked, parameters)
            if asked == operation:
                raise _KilledError
            return answer

        patch.setattr(driver.site, "call", killing)
        with pytest.raises(_KilledError):
            driver.apply(wanted)


def test_what_an_apply_that_was_cut_off_added_goes_away_again(driver: Driver) -> None:
    before = _rule({"source": ["shop"]})
    driver.apply(before)
    after = _rule({"source": ["shop"], "detail-type": ["OnlyThis"]}, Description="only this")
    _apply_and_be_killed_after(driver, after, "PutRule")
    assert _pattern(driver) == {"source": ["shop"], "detail-type": ["OnlyThis"]}
    plan = driver.plan(before)
    assert actions(plan) == {"rule": "change"}
    assert plan.drift == (), "it was this stack that changed it"
    driver.apply(before)
    assert _pattern(driver) == {"source": ["shop"]}
    assert "Description" not in driver.call("events", "DescribeRule", Name="s-rule")
    assert driver.record("s")[0].resources["rule"].asked == {}


@pytest.mark.parametrize("there", [{}, {"DelaySeconds": 9}])
def test_what_was_asked_for_at_last_is_known_after_a_crash(driver: Driver, there: dict[str, Any]) -> None:
    """Be it made or changed by the apply that was cut off."""
    if there:
        driver.apply(stack(queue=("AWS::SQS::Queue", there)))
    wanted = stack(queue=("AWS::SQS::Queue", {**there, "VisibilityTimeout": 77}))
    _apply_and_be_killed_after(driver, wanted, "SetQueueAttributes" if there else "CreateQueue")
    less = stack(queue=("AWS::SQS::Queue", there))
    driver.apply(less)
    url = driver.call("sqs", "GetQueueUrl", QueueName="s-queue")["QueueUrl"]
    attributes = driver.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "30"
    assert not driver.plan(less).changing


def test_what_was_made_at_last_is_deleted_with_the_stack(driver: Driver) -> None:
    """Though the apply was cut off before it knew what the service calls it."""
    _apply_and_be_killed_after(driver, stack(queue=_QUEUE), "CreateQueue")
    assert driver.record("s")[0].resources["queue"].key is None
    assert [(step.id, step.action) for step in driver.apply(stack(), prune=True).done] == [("queue", "delete")]
    assert driver.call("sqs", "ListQueues").get("QueueUrls", []) == []


def test_what_is_taken_over_becomes_what_is_wanted(driver: Driver) -> None:
    queue = driver.call("sqs", "CreateQueue", QueueName="adq")["QueueUrl"]
    arn = driver.call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    pattern = '{"source": ["shop"], "detail-type": ["Extra"]}'
    driver.call("events", "PutRule", Name="r", EventPattern=pattern, Description="by hand", State="DISABLED")
    targets = [{"Id": "q", "Arn": arn, "Input": '{"a": 1}'}, {"Id": "second", "Arn": arn}]
    driver.call("events", "PutTargets", Rule="r", Targets=targets)
    wanted = stack(rule=(_RULE, {"Name": "r", "EventPattern": {"source": ["shop"]}, "Targets": [_target(arn)]}))
    (step,) = driver.plan(wanted, adopt=True).steps
    assert {change.name for change in step.changes} == {"EventPattern", "Targets", "State", "Description"}
    assert {change.name: change.before for change in step.changes}["Targets"].keys() == {"q", "second"}
    driver.apply(wanted, adopt=True)
    there = driver.call("events", "DescribeRule", Name="r")
    assert json.loads(there["EventPattern"]) == {"source": ["shop"]}
    assert (there["State"], there.get("Description")) == ("ENABLED", None)
    assert driver.call("events", "ListTargetsByRule", Rule="r")["Targets"] == [_target(arn)]


def _target(arn: str) -> dict[str, Any]:
    return {"Id": "q", "Arn": arn}


def _put_rule(driver: Driver) -> None:
    driver.call("events", "PutRule", Name="s-it", EventPattern='{"detail-type": ["X"], "source": ["never"]}')


def _one_for_true(driver: Driver) -> None:
    driver.call("events", "PutRule", Name="s-it", EventPattern='{"detail-type": ["X"], "detail": {"a": [1]}}')


def _put_target(driver: Driver) -> None:
    (there,) = driver.call("events", "ListTargetsByRule", Rule="s-it")["Targets"]
    driver.call("events", "PutTargets", Rule="s-it", Targets=[{**there, "Id": "second"}])


def _put_input(driver: Driver) -> None:
    (there,) = driver.call("events", "ListTargetsByRule", Rule="s-it")["Targets"]
    driver.call("events", "PutTargets", Rule="s-it", Targets=[{**there, "Input": "{}"}])


def _describe(driver: Driver) -> None:
    driver.call("events", "PutRule", Name="s-it", EventPattern='{"detail-type": ["X"]}', Description="mine")


def _filter(driver: Driver) -> None:
    key = driver.record("s")[0].resources["it"].key or {}
    value = '{"kind": ["a"], "more": ["b"]}'
    driver.call("sns", "SetSubscriptionAttributes", **key, AttributeName="FilterPolicy", AttributeValue=value)


def _archive(driver: Driver) -> None:
    driver.call("events", "UpdateArchive", ArchiveName="s-it", EventPattern='{"source": ["a"], "account": ["1"]}')


def _variables(**variables: str) -> Callable[[Driver], None]:
    def change(driver: Driver) -> None:
        environment = {"Variables": variables}
        driver.call("lambda", "UpdateFunctionConfiguration", FunctionName="s-it", Environment=environment)

    return change


def _tag(driver: Driver) -> None:
    key = driver.record("s")[0].resources["it"].key or {}
    driver.call("sqs", "TagQueue", **key, Tags={"more": "b"})


def _schedule(driver: Driver) -> None:
    there = driver.call("scheduler", "GetSchedule", Name="s-it")
    asked = {name: there[name] for name in ("Name", "ScheduleExpression", "FlexibleTimeWindow")}
    driver.call("scheduler", "UpdateSchedule", **asked, Target={**there["Target"], "Input": "{}"})


_TARGETS = {"Targets": [{"Id": "q", "Arn": Reference("queue", "Arn")}]}
_X = {"EventPattern": {"detail-type": ["X"]}, **_TARGETS}
_SUBSCRIPTION = {"TopicArn": Reference("topic", "Ref"), "Protocol": "sqs", "Endpoint": Reference("queue", "Arn")}
_BOOLEAN = {"EventPattern": {"detail-type": ["X"], "detail": {"a": [True]}}, **_TARGETS}
_FUNCTION = {"Runtime": "python3.11", "Handler": "index.handler", "Role": _ROLE, "Code": _CODE}
_ENVIRONMENT = {"Environment": {"Variables": {"AA": "1", "BB": "2"}}}
_SCHEDULE = {
    "ScheduleExpression": "rate(1 hour)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": Reference("queue", "Arn"), "RoleArn": _ROLE},
}


@pytest.mark.parametrize(
    ("type", "properties", "change", "name"),
    [
        (_RULE, _X, _put_rule, "EventPattern"),
        (_RULE, _BOOLEAN, _one_for_true, "EventPattern"),
        (_RULE, _X, _put_target, "Targets"),
        (_RULE, _X, _put_input, "Targets"),
        (_RULE, _X, _describe, "Description"),
        ("AWS::SNS::Subscription", {**_SUBSCRIPTION, "FilterPolicy": {"kind": ["a"]}}, _filter, "FilterPolicy"),
        (
            "AWS::Events::Archive",
            {"SourceArn": Reference("bus", "Arn"), "EventPattern": {"source": ["a"]}},
            _archive,
            "EventPattern",
        ),
        ("AWS::Lambda::Function", _FUNCTION | _ENVIRONMENT, _variables(AA="1", BB="2", CC="3"), "Environment"),
        ("AWS::Lambda::Function", _FUNCTION | _ENVIRONMENT, _variables(AA="1"), "Environment"),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "team", "Value": "a"}]}, _tag, "Tags"),
        ("AWS::Scheduler::Schedule", _SCHEDULE, _schedule, "Target"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_what_is_added_outside_is_drift_shown_in_the_plan_and_taken_away(
    driver: Driver, type: str, properties: dict[str, Any], change: Callable[[Driver], None], name: str
) -> None:
    beside = {"queue": _QUEUE, "topic": ("AWS::SNS::Topic", {}), "bus": ("AWS::Events::EventBus", {})}
    wanted = stack(**beside, it=(type, properties))
    assert driver.apply(wanted).well
    change(driver)
    (drift,) = find_drift(driver.site, driver.record("s")[0])
    assert (drift.id, [each.name for each in drift.changes]) == ("it", [name])
    assert repr(drift.changes[0].before) != repr(drift.changes[0].after), "Python takes 1 for true"
    plan = driver.plan(wanted)
    assert [each.id for each in plan.drift] == ["it"]
    assert [[change.name for change in step.changes] for step in plan.steps if step.changing] == [[name]]
    assert driver.apply(wanted).well
    assert find_drift(driver.site, driver.record("s")[0]) == ()
    assert not driver.plan(wanted).changing


def _disable(driver: Driver) -> None:
    driver.call("events", "DisableRule", Name="s-it")


def _stop(driver: Driver) -> None:
    driver.call("pipes", "StopPipe", Name="s-it")


def _switch_off(driver: Driver) -> None:
    there = driver.call("scheduler", "GetSchedule", Name="s-it")
    asked = {name: there[name] for name in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    driver.call("scheduler", "UpdateSchedule", **asked, State="DISABLED")


_PIPE = {"Source": Reference("queue", "Arn"), "Target": Reference("topic", "Ref"), "RoleArn": _ROLE}


@pytest.mark.parametrize(
    ("type", "properties", "change", "name"),
    [
        (_RULE, _X, _disable, "State"),
        ("AWS::Pipes::Pipe", _PIPE, _stop, "DesiredState"),
        ("AWS::Scheduler::Schedule", _SCHEDULE, _switch_off, "State"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_what_is_switched_off_outside_is_switched_on_again(
    driver: Driver, type: str, properties: dict[str, Any], change: Callable[[Driver], None], name: str
) -> None:
    test_what_is_added_outside_is_drift_shown_in_the_plan_and_taken_away(driver, type, properties, change, name)
