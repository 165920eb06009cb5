"""What an apply does with what is recorded, what is there and what is wanted."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from eventyard.errors import Conflict
from eventyard.resource import Reference, Resource, Stack
from eventyard.stacks import Ledger, carry_out, find_drift, make_plan
from tests.acceptance.stacks.driver import PLACE, Driver, actions, stack

_BUS = ("AWS::Events::EventBus", {"Name": "cars"})
_QUEUE = "AWS::SQS::Queue"


def _rule(**more: Any) -> tuple[str, dict[str, Any]]:
    target = {"Id": "q", "Arn": Reference("queue", "Arn")}
    pattern = {"source": ["buying"]}
    return "AWS::Events::Rule", {
        "EventBusName": Reference("bus", "Ref"), "EventPattern": pattern, "Targets": [target], **more,
    }  # fmt: skip


def test_the_second_apply_has_nothing_to_do_and_writes_nothing(driver: Driver) -> None:
    wanted = stack(rule=_rule(), queue=(_QUEUE, {}), bus=_BUS)
    first = driver.apply(wanted)
    assert [step.id for step in first.done] == ["queue", "bus", "rule"] or [step.id for step in first.done] == [
        "bus", "queue", "rule",
    ]  # fmt: skip
    revision = driver.record("s")[1]
    assert driver.apply(wanted).done == ()
    assert driver.record("s")[1] == revision
    assert driver.record("s")[0].resources["rule"].attributes["Ref"] == "cars|s-rule"


def test_a_plan_shows_the_property_and_both_values(driver: Driver) -> None:
    driver.apply(stack(queue=(_QUEUE, {"VisibilityTimeout": 60, "DelaySeconds": 5})))
    plan = driver.plan(stack(queue=(_QUEUE, {"VisibilityTimeout": 90, "DelaySeconds": 5})))
    (step,) = plan.steps
    assert [(each.name, each.before, each.after) for each in step.changes] == [("VisibilityTimeout", "60", "90")]


def test_what_depends_on_something_new_is_known_after_it_is_there(driver: Driver) -> None:
    plan = driver.plan(stack(queue=(_QUEUE, {}), bus=_BUS, rule=_rule()))
    rule = next(step for step in plan.steps if step.id == "rule")
    shown = {change.name: change.after for change in rule.changes}
    assert repr(shown["Targets"]["q"]["Arn"]) == "(known after apply)"
    assert shown["EventBusName"] == "cars", "a name is known before"


def test_drift_is_told_apart_and_mended(driver: Driver) -> None:
    wanted = stack(queue=(_QUEUE, {"VisibilityTimeout": 60}), bus=_BUS, rule=_rule(State="ENABLED"))
    driver.apply(wanted)
    queue = driver.record("s")[0].resources["queue"].key
    driver.call("sqs", "SetQueueAttributes", **(queue or {}), Attributes={"VisibilityTimeout": "7"})
    driver.call("events", "DisableRule", Name="s-rule", EventBusName="cars")
    plan = driver.plan(wanted)
    assert {each.id: [(c.name, c.before, c.after) for c in each.changes] for each in plan.drift} == {
        "queue": [("VisibilityTimeout", "60", "7")],
        "rule": [("State", "ENABLED", "DISABLED")],
    }
    assert [each.id for each in find_drift(driver.site, driver.record("s")[0])] == ["queue", "rule"]
    assert actions(plan) == {"queue": "change", "rule": "change"}
    driver.apply(wanted)
    assert find_drift(driver.site, driver.record("s")[0]) == ()


def test_what_was_deleted_outside_is_made_again(driver: Driver) -> None:
    wanted = stack(bus=_BUS)
    driver.apply(wanted)
    driver.call("events", "DeleteEventBus", Name="cars")
    plan = driver.plan(wanted)
    assert [(each.id, each.changes) for each in plan.drift] == [("bus", ())]
    assert actions(plan) == {"bus": "create"}
    assert driver.apply(wanted).well


def test_what_is_no_longer_wanted_is_left_alone_unless_pruned(driver: Driver) -> None:
    driver.apply(stack(bus=_BUS, queue=(_QUEUE, {}), rule=_rule()))
    less = stack(bus=_BUS)
    assert actions(driver.plan(less)) == {"queue": "left", "rule": "left"}
    assert driver.apply(less).done == ()
    done = driver.apply(less, prune=True).done
    assert [(step.id, step.action) for step in done] == [("rule", "delete"), ("queue", "delete")]
    assert driver.call("events", "ListRules", EventBusName="cars")["Rules"] == []


def test_what_is_to_be_kept_outlives_its_stack(driver: Driver) -> None:
    kept = Stack("s", (Resource("bus", _BUS[0], _BUS[1], PLACE, keep=True),))
    driver.apply(kept)
    assert actions(driver.plan(stack(), prune=True)) == {"bus": "kept"}
    driver.apply(stack(), prune=True)
    assert driver.record("s")[0].resources == {}
    assert driver.call("events", "DescribeEventBus", Name="cars")["Name"] == "cars"


def test_what_is_there_already_is_taken_over_only_when_asked(driver: Driver) -> None:
    driver.call("events", "CreateEventBus", Name="cars", Description="by hand")
    wanted = stack(bus=("AWS::Events::EventBus", {"Name": "cars", "Description": "ours"}))
    plan = driver.plan(wanted)
    assert [(each.rule, each.line) for each in plan.findings] == [("exists", 3)]
    assert "AWS::Events::EventBus cars is there already" in plan.findings[0].message
    outcome = driver.apply(wanted, adopt=True)
    assert [step.action for step in outcome.done] == ["adopt"]
    assert driver.call("events", "DescribeEventBus", Name="cars")["Description"] == "ours"
    assert not driver.plan(wanted).changing


def test_what_belongs_to_another_stack_is_not_taken_over(driver: Driver) -> None:
    driver.apply(stack("first", bus=_BUS))
    others = [driver.record("first")[0]]
    plan = make_plan(driver.site, stack(bus=_BUS), driver.record("s")[0], adopt=True, others=lambda: others)
    assert [each.message for each in plan.findings] == [
        "bus: AWS::Events::EventBus cars is there already, and belongs to stack first."
    ]


def test_two_resources_can_not_be_the_same_thing(driver: Driver) -> None:
    named = (_QUEUE, {"QueueName": "q"})
    for type in (_BUS, named):
        plan = driver.plan(stack(one=type, two=type))
        assert [each.rule for each in plan.findings] == ["refused"]
        assert "two: It is the same as one" in plan.findings[0].message


def test_another_id_for_the_same_is_no_change(driver: Driver) -> None:
    queue = (_QUEUE, {"QueueName": "q"})
    driver.apply(stack(bus=_BUS, queue=queue))
    moved = stack(cars=_BUS, orders=queue)
    assert actions(driver.plan(moved, prune=True)) == {}
    driver.apply(moved, prune=True)
    assert list(driver.record("s")[0].resources) == ["cars", "orders"]
    assert not driver.plan(moved).changing


def test_a_replacement_takes_what_uses_it_along_and_cleans_up_last(driver: Driver) -> None:
    driver.apply(stack(bus=_BUS, queue=(_QUEUE, {}), rule=_rule()))
    wanted = stack(bus=("AWS::Events::EventBus", {"Name": "vans"}), queue=(_QUEUE, {}), rule=_rule())
    plan = driver.plan(wanted)
    assert actions(plan) == {"bus": "replace", "rule": "replace"}
    done = driver.apply(wanted).done
    assert [(step.id, step.leftover) for step in done] == [
        ("bus", False), ("rule", False), ("rule", True), ("bus", True),
    ]  # fmt: skip
    names = [each["Name"] for each in driver.call("events", "ListEventBuses")["EventBuses"]]
    assert names == ["default", "vans"]
    assert driver.record("s")[0].leftovers == ()


def test_a_failure_stops_what_needs_it_and_nothing_else(driver: Driver) -> None:
    wanted = stack(
        bus=("AWS::Events::EventBus", {"Name": "not/allowed"}),
        rule=_rule(),
        queue=(_QUEUE, {}),
        other=("AWS::Events::EventBus", {"Name": "other"}),
    )
    outcome = driver.apply(wanted)
    assert set(outcome.failed) == {"bus"}
    assert outcome.skipped == ("rule",)
    assert {step.id for step in outcome.done} == {"queue", "other"}
    mended = stack(bus=_BUS, rule=_rule(), queue=(_QUEUE, {}), other=("AWS::Events::EventBus", {"Name": "other"}))
    assert {step.id for step in driver.apply(mended).done} == {"bus", "rule"}


def test_what_was_half_made_is_known_as_ours(driver: Driver) -> None:
    wrong = {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:123456789012:a", "InputPath": "not a path"}
    failed = driver.apply(stack(rule=("AWS::Events::Rule", {"EventPattern": {"source": ["a"]}, "Targets": [wrong]})))
    assert set(failed.failed) == {"rule"}
    assert driver.record("s")[0].resources["rule"].making
    assert driver.call("events", "DescribeRule", Name="s-rule")["Name"] == "s-rule", "the rule itself was made"
    mended = stack(rule=("AWS::Events::Rule", {"EventPattern": {"source": ["a"]}}))
    assert driver.apply(mended).well
    assert not driver.record("s")[0].resources["rule"].making


@pytest.mark.parametrize(
    ("wanted", "rule", "words"),
    [
        (stack(a=(_QUEUE, {"QueueNam": "a"})), "bad-property", "QueueNam is not known; did you mean QueueName?"),
        (stack(a=("AWS::SQS::Que", {})), "unknown-type", "did you mean AWS::SQS::Queue?"),
        (stack(a=(_QUEUE, {"Tags": Reference("b", "Ref")})), "bad-property", "It refers to b"),
        (
            stack(a=(_QUEUE, {"QueueName": Reference("b", "Ar")}), b=(_QUEUE, {})),
            "bad-property",
            "The attribute Ar of b (AWS::SQS::Queue) is not known; did you mean Arn?",
        ),
        (
            stack(
                a=(_QUEUE, {"RedrivePolicy": Reference("b", "Arn")}),
                b=(_QUEUE, {"RedrivePolicy": Reference("a", "Arn")}),
            ),
            "cycle",
            "need each other: ",
        ),
    ],
)
def test_what_can_be_told_before_is_told_before(driver: Driver, wanted: Stack, rule: str, words: str) -> None:
    plan = driver.plan(wanted)
    assert plan.failed
    assert any(finding.rule == rule and words in finding.message for finding in plan.findings), plan.findings
    assert driver.record("s")[1] == 0


@pytest.mark.parametrize(
    ("type", "properties", "words"),
    [
        ("AWS::SNS::Topic", {"Subscription": [{"Protocol": "sqs"}]}, "'Endpoint' is missing"),
        ("AWS::Kinesis::Stream", {"ShardCount": 1, "RetentionPeriodHours": "long"}, "'long'"),
        ("AWS::Events::Rule", {"EventPattern": {"source": ["a"]}, "Targets": "all"}, "Targets is a list"),
        ("AWS::EventSchemas::RegistryPolicy", {"RegistryName": "r"}, "needs Policy"),
        ("AWS::Events::EventBusPolicy", {"StatementId": "s", "Condition": "x"}, "needs Principal"),
    ],
)
def test_properties_of_another_form_are_refused(
    driver: Driver, type: str, properties: dict[str, Any], words: str
) -> None:
    wanted = stack(it=(type, properties))
    plan = driver.plan(wanted)
    said = [each.message for each in plan.findings] or list(driver.apply(wanted).failed.values())
    assert any(words in each for each in said), said


def test_the_cycle_is_named(driver: Driver) -> None:
    wanted = stack(
        one=(_QUEUE, {"RedrivePolicy": {"deadLetterTargetArn": Reference("two", "Arn")}}),
        two=(_QUEUE, {"RedrivePolicy": {"deadLetterTargetArn": Reference("one", "Arn")}}),
    )
    (finding,) = driver.plan(wanted).findings
    assert finding.message in ("These need each other: one -> two -> one.", "These need each other: two -> one -> two.")


def test_roles_are_said_to_be_nothing(driver: Driver) -> None:
    wanted = stack(
        role=("AWS::IAM::Role", {"AssumeRolePolicyDocument": {}}),
        rule=("AWS::Events::Rule", {"EventPattern": {"source": ["a"]}, "RoleArn": Reference("role", "Arn")}),
    )
    plan = driver.plan(wanted)
    assert [(each.rule, each.severity) for each in plan.findings] == [("no-roles", "warning")]
    assert driver.apply(wanted).well
    arn = driver.call("events", "DescribeRule", Name="s-rule")["RoleArn"]
    assert arn == f"arn:aws:iam::{driver.site.account}:role/s-role"


def _connection(password: str) -> Stack:
    parameters = {"BasicAuthParameters": {"Username": "ada", "Password": password}}
    more = {"HeaderParameters": [{"Key": "X-Api", "Value": password + "!"}, _PUBLIC]}
    given = {"AuthorizationType": "BASIC", "AuthParameters": parameters | {"InvocationHttpParameters": more}}
    return stack(partner=("AWS::Events::Connection", given))


_PUBLIC = {"Key": "X-Stage", "Value": "test", "IsValueSecret": False}


def test_secrets_are_neither_recorded_nor_shown_and_their_change_is_noticed(driver: Driver) -> None:
    driver.apply(_connection("hunter2"))
    record = driver.record("s")[0]
    assert b"hunter2" not in msgspec.json.encode(record)
    assert b'"test"' in msgspec.json.encode(record), "what isn't secret is there"
    assert not driver.plan(_connection("hunter2")).changing
    plan = driver.plan(_connection("hunter3"))
    assert actions(plan) == {"partner": "change"}
    assert plan.drift == ()
    assert "hunter" not in repr([step.changes for step in plan.steps])


def test_of_two_that_apply_at_once_one_is_refused(driver: Driver) -> None:
    driver.apply(stack(bus=_BUS))
    record, revision = driver.record("s")
    mine, theirs = Ledger(driver.records, record, revision), Ledger(driver.records, record, revision)
    wanted = stack(bus=_BUS, queue=(_QUEUE, {}))
    plan = make_plan(driver.site, wanted, record)
    mine.keep(msgspec.structs.replace(record, holder="me"))
    with pytest.raises(Conflict, match="written by somebody else meanwhile"):
        carry_out(driver.site, theirs, plan, lambda *_: None)
    assert driver.call("sqs", "ListQueues").get("QueueUrls", []) == [], "it was refused before it did anything"


def test_changes_of_references_alone_are_recorded(driver: Driver) -> None:
    given = {"EventPattern": {"source": ["a"]}}
    driver.apply(stack(bus=_BUS, rule=("AWS::Events::Rule", given | {"EventBusName": "cars"})))
    driver.apply(stack(bus=_BUS, rule=("AWS::Events::Rule", given | {"EventBusName": Reference("bus", "Ref")})))
    assert driver.record("s")[0].resources["rule"].needs == ("bus",)
    done = driver.apply(stack(), prune=True).done
    assert [step.id for step in done] == ["rule", "bus"]
