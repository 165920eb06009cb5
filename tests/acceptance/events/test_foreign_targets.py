"""Queues and topics of another account take what a rule delivers only if their policies say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.events.yards import Process
from tests.acceptance.refusal import refused
from tests.acceptance.server import Server, new_account
from tests.acceptance.waiting import until

REGION = "us-east-1"


class Sides:
    """An account with a rule whose dead letters go to its queue "dead", and another with the rule's targets."""

    def __init__(self, server: Server) -> None:
        self.home, self.other = new_account(), new_account()
        self.events = server.client("events", self.home)
        self.sqs = server.client("sqs", self.home)
        self.foreign_sqs = server.client("sqs", self.other)
        self.foreign_sns = server.client("sns", self.other)
        self.dead = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        self.url = self.foreign_sqs.create_queue(QueueName="q")["QueueUrl"]
        self.queue = f"arn:aws:sqs:{REGION}:{self.other}:q"
        self.rule: str = self.events.put_rule(Name="r", EventPattern='{"source":["cars"]}')["RuleArn"]

    def statement(self, effect: str = "Allow", **more: Any) -> dict[str, Any]:
        return {
            "Effect": effect,
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.rule}},
            **more,
        }

    def allow(self, *statements: dict[str, Any]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.foreign_sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def deliver(self, arn: str, **more: Any) -> None:
        target = {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{self.home}:dead"}} | more
        self.events.put_targets(Rule="r", Targets=[target])
        entry = {"Source": "cars", "DetailType": "LotSelected", "Detail": '{"n":1}'}
        assert self.events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    def refusal(self) -> dict[str, str]:
        """The attributes of the dead letter."""

        def letter() -> Any:
            found = self.sqs.receive_message(QueueUrl=self.dead, MessageAttributeNames=["All"], WaitTimeSeconds=1)
            return found.get("Messages")

        attributes = until(letter)[0]["MessageAttributes"]
        return {name: value["StringValue"] for name, value in attributes.items()}

    def arrived(self) -> Any:
        def message() -> Any:
            return self.foreign_sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=1).get("Messages")

        return until(message)[0]["Body"]


@pytest.fixture
def sides(server: Server) -> Sides:
    return Sides(server)


def test_without_a_policy_nothing_comes_in(sides: Sides) -> None:
    sides.deliver(sides.queue)
    refusal = sides.refusal()
    assert refusal["ERROR_CODE"] == "NO_PERMISSIONS"
    assert "no resource-based policy allows the sqs:SendMessage action" in refusal["ERROR_MESSAGE"]


def test_the_service_is_let_in_for_the_rule_that_the_policy_names(sides: Sides) -> None:
    sides.allow(sides.statement())
    sides.deliver(sides.queue)
    assert json.loads(sides.arrived())["detail"] == {"n": 1}


def test_another_rule_of_the_same_account_is_not_let_in(sides: Sides) -> None:
    sides.allow(sides.statement(Condition={"ArnEquals": {"aws:SourceArn": sides.rule + "2"}}))
    sides.deliver(sides.queue)
    assert sides.refusal()["ERROR_CODE"] == "NO_PERMISSIONS"


def test_an_explicit_deny_wins(sides: Sides) -> None:
    deny = sides.statement("Deny", Condition={"StringEquals": {"aws:SourceAccount": sides.home}})
    sides.allow(sides.statement(), deny)
    sides.deliver(sides.queue)
    assert "with an explicit deny" in sides.refusal()["ERROR_MESSAGE"]


def test_a_target_with_a_role_comes_as_that_role(sides: Sides) -> None:
    role = f"arn:aws:iam::{sides.home}:role/sender"
    sides.allow(sides.statement(Principal={"AWS": role}, Condition={}))
    sides.deliver(sides.queue, RoleArn=role)
    assert json.loads(sides.arrived())["detail"] == {"n": 1}


def test_a_statement_that_this_server_cannot_judge_lets_nobody_in(sides: Sides) -> None:
    sides.allow(sides.statement(Condition={"StringEquals": {"sqs:Colour": "red"}}))
    sides.deliver(sides.queue)
    assert sides.refusal()["ERROR_CODE"] == "NO_PERMISSIONS"


def test_topics_have_policies_too(sides: Sides) -> None:
    arn = sides.foreign_sns.create_topic(Name="t")["TopicArn"]
    sides.foreign_sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=sides.queue)
    sides.deliver(arn)
    assert sides.refusal()["ERROR_CODE"] == "NO_PERMISSIONS"
    statement = sides.statement(Action="sns:Publish", Resource=arn)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sides.foreign_sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    sides.deliver(arn)
    assert json.loads(json.loads(sides.arrived())["Message"])["detail"] == {"n": 1}


def test_dead_letter_queues_of_others_take_only_what_their_policy_allows(sides: Sides) -> None:
    gone = f"arn:aws:sqs:{REGION}:{sides.home}:gone"
    sides.deliver(gone, DeadLetterConfig={"Arn": sides.queue})
    sides.allow(sides.statement())
    sides.deliver(gone, DeadLetterConfig={"Arn": sides.queue})
    sides.arrived()
    left = sides.foreign_sqs.receive_message(QueueUrl=sides.url, WaitTimeSeconds=1)
    assert "Messages" not in left, "what came before the policy was dropped"


def test_a_bus_may_let_in_one_role_of_an_account(sides: Sides, server: Server) -> None:
    role = f"arn:aws:iam::{sides.home}:role/sender"
    foreign = server.client("events", sides.other)
    bus = f"arn:aws:events:{REGION}:{sides.other}:event-bus/default"
    statement = sides.statement(Principal={"AWS": role}, Action="events:PutEvents", Resource=bus)
    foreign.put_permission(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    foreign.put_rule(Name="in", EventPattern='{"source":["cars"]}')
    foreign.put_targets(Rule="in", Targets=[{"Id": "1", "Arn": sides.queue}])
    sides.deliver(bus)
    assert sides.refusal()["ERROR_CODE"] == "NO_PERMISSIONS"
    sides.deliver(bus, RoleArn=role)
    assert json.loads(sides.arrived())["detail"] == {"n": 1}
    entry = {"Source": "cars", "DetailType": "LotSelected", "Detail": "{}", "EventBusName": bus}
    assert sides.events.put_events(Entries=[entry])["Entries"][0]["ErrorCode"] == "AccessDeniedException"


def test_members_of_an_organization_are_let_in(tmp_path: Path) -> None:
    members, stranger = ["111122223333", "444455556666"], "777788889999"
    process = Process(tmp_path / "data", "--organization", f"o-exampleorg1={','.join(members)}")
    try:
        owner = process.client("events", members[0], REGION)
        condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-exampleorg1"}
        owner.put_permission(Action="events:PutEvents", Principal="*", StatementId="o", Condition=condition)
        bus = f"arn:aws:events:{REGION}:{members[0]}:event-bus/default"
        entry = {"Source": "cars", "DetailType": "LotSelected", "Detail": "{}", "EventBusName": bus}
        answers = {
            account: process.client("events", account, REGION).put_events(Entries=[entry])["Entries"][0]
            for account in (members[1], stranger)
        }
        assert "EventId" in answers[members[1]]
        assert answers[stranger]["ErrorCode"] == "AccessDeniedException"
        sqs = process.client("sqs", members[1], REGION)
        queue = f"arn:aws:sqs:{REGION}:{members[1]}:q"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"StringEquals": {"aws:SourceOrgID": "${aws:ResourceOrgID}"}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        url = sqs.create_queue(QueueName="q", Attributes={"Policy": policy})["QueueUrl"]
        owner.put_rule(Name="r", EventPattern='{"source":["cars"]}')
        owner.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": queue}])
        outsiders = {"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
        deny = statement | {"Effect": "Deny", "Principal": "*", "Condition": outsiders, "Resource": f"{queue}2"}
        guarded = sqs.create_queue(QueueName="q2", Attributes={"Policy": json.dumps({"Statement": deny})})["QueueUrl"]
        sqs.send_message(QueueUrl=guarded, MessageBody="of a member")
        owner.put_events(Entries=[entry])
        assert until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    finally:
        process.stop()


class Home(Sides):
    """Rule and targets in one account."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.foreign_sqs, self.foreign_sns, self.other = self.sqs, server.client("sns", self.home), self.home
        self.url = self.sqs.create_queue(QueueName="q")["QueueUrl"]
        self.queue = f"arn:aws:sqs:{REGION}:{self.home}:q"


@pytest.fixture
def home(server: Server) -> Home:
    return Home(server)


def test_a_queue_of_the_same_account_takes_what_its_policy_does_not_deny(home: Home) -> None:
    other = home.statement("Deny", Principal="*", Condition={"ArnNotEquals": {"aws:SourceArn": home.rule}})
    home.allow(other)
    home.deliver(home.queue)
    assert json.loads(home.arrived())["detail"] == {"n": 1}


def test_a_deny_keeps_rules_of_the_same_account_out(home: Home) -> None:
    home.allow(home.statement("Deny", Condition={}))
    home.deliver(home.queue)
    refusal = home.refusal()
    assert refusal["ERROR_CODE"] == "NO_PERMISSIONS"
    assert "with an explicit deny" in refusal["ERROR_MESSAGE"]


def test_a_topic_denies_its_own_account_and_its_rules(home: Home) -> None:
    arn = home.foreign_sns.create_topic(Name="t")["TopicArn"]
    deny = home.statement("Deny", Principal="*", Action="sns:Publish", Resource=arn, Condition={})
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    home.foreign_sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    with refused("AuthorizationError"):
        home.foreign_sns.publish(TopicArn=arn, Message="x")
    home.deliver(arn)
    assert home.refusal()["ERROR_CODE"] == "NO_PERMISSIONS"
    home.foreign_sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue="")
    home.foreign_sns.publish(TopicArn=arn, Message="x")


def test_a_subscribed_queue_of_the_same_account_denies_other_topics(home: Home) -> None:
    arns = [home.foreign_sns.create_topic(Name=name)["TopicArn"] for name in ("asked", "other")]
    home.allow(home.statement("Deny", Principal="*", Condition={"ArnNotEquals": {"aws:SourceArn": arns[0]}}))
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{home.home}:dead"})
    for arn in arns:
        home.foreign_sns.subscribe(
            TopicArn=arn, Protocol="sqs", Endpoint=home.queue, Attributes={"RedrivePolicy": redrive}
        )
        home.foreign_sns.publish(TopicArn=arn, Message=arn)
    assert json.loads(home.arrived())["Message"] == arns[0]
    assert home.refusal()["ErrorCode"] == "NO_PERMISSIONS"
