"""The commands on what happened before: event, replay, dlq and transform, as a person uses them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.acceptance.events.endpoints import Endpoints
from tests.acceptance.waiting import until

from .test_cli import ENVIRONMENT, one_sentence, run, server

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as endpoint:
        yield endpoint


class Yard:
    """Clients, and a bus of its own for each test with a rule ``r`` for source ``cars``."""

    def __init__(self, url: str, bus: str) -> None:
        self.url, self.bus = url, bus
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        config = Config(retries={"total_max_attempts": 1})
        self.events = boto3.client("events", endpoint_url=url, config=config, **keys)
        self.sqs = boto3.client("sqs", endpoint_url=url, config=config, **keys)
        self.events.create_event_bus(Name=bus)
        self.events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source": ["cars"]}')

    def target(self, name: str, dead: str | None = None) -> None:
        config = {"DeadLetterConfig": {"Arn": self.arn(dead)}} if dead else {}
        self.events.put_targets(Rule="r", EventBusName=self.bus, Targets=[{"Id": name, "Arn": self.arn(name)} | config])

    def queue(self, name: str, **attributes: str) -> str:
        made: str = self.sqs.create_queue(QueueName=f"{self.bus}-{name}", Attributes=attributes)["QueueUrl"]
        return made

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{self.bus}-{name}"

    def put(self, number: int, source: str = "cars") -> str:
        entry = {"Source": source, "DetailType": "LotSelected", "Detail": f'{{"n":  {number}}}'}
        made: str = self.events.put_events(Entries=[entry | {"EventBusName": self.bus}])["Entries"][0]["EventId"]
        return made

    def take(self, name: str, enough: int = 1) -> list[str]:
        found: list[str] = []
        url = self.sqs.get_queue_url(QueueName=f"{self.bus}-{name}")["QueueUrl"]
        while len(found) < enough:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10)
            assert "Messages" in answer, f"only {len(found)} of {enough} messages came"
            for message in answer["Messages"]:
                found.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def run(self, *args: str, status: int = 0) -> str:
        done = run(*args, "--endpoint", self.url)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def close(self) -> None:
        self.events.close()
        self.sqs.close()


@pytest.fixture
def yard(url: str, request: pytest.FixtureRequest) -> Iterator[Yard]:
    yard = Yard(url, re.sub(r"\W", "", request.node.name.removeprefix("test_"))[:30])
    yield yard
    yard.close()


def dead_letters(yard: Yard, *numbers: int) -> list[str]:
    """Events that could not be delivered to ``box``, which is missing, and are in the queue ``dead``."""
    url = yard.queue("dead")
    yard.target("box", dead="dead")
    ids = [yard.put(number) for number in numbers]
    names = ["ApproximateNumberOfMessages"]
    for _ in range(200):
        if yard.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]] == str(len(ids)):
            yard.queue("box")  # not before: it would be delivered to
            return ids
    raise AssertionError("the letters did not arrive")


def test_event_tells_what_became_of_it(yard: Yard) -> None:
    yard.queue("dead")
    yard.target("missing", dead="dead")
    yard.queue("box")
    yard.target("box")
    event_id = yard.put(1)
    yard.take("box")
    yard.take("dead")
    said = yard.run("event", event_id)
    assert f"{yard.bus} at position 1" in said
    assert "LotSelected from cars" in said
    assert re.search(r"rule/\w+/r, target box\ndelivered .* after 1 attempt\n", said), said
    assert re.search(r"rule/\w+/r, target missing\ndead-lettered .* after 1 attempt\n +NO_RESOURCE: ", said), said
    story = json.loads(yard.run("event", event_id, "--json"))
    assert story["received"][0]["event"]["id"] == event_id
    lonely = yard.put(2, source="boats")
    assert "matched    no rule" in yard.run("event", lonely)
    unknown = run("event", "019ab11d-5a3c-7b0f-8f2e-0123456789ab", "--endpoint", yard.url)
    assert "never received" in one_sentence(unknown)


def test_event_tells_of_every_attempt(yard: Yard) -> None:
    place, statuses = Endpoints(), [503, 429, 200]
    place.answers["/cars"] = lambda _: (statuses.pop(0), {}, b"")
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "X", "ApiKeyValue": "y"}}
    connection = yard.events.create_connection(Name=yard.bus, AuthorizationType="API_KEY", AuthParameters=key)
    destination = yard.events.create_api_destination(
        Name=yard.bus,
        ConnectionArn=connection["ConnectionArn"],
        InvocationEndpoint=f"{place.url}/cars",
        HttpMethod="POST",
    )
    target = {"Id": "h", "Arn": destination["ApiDestinationArn"], "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}
    yard.events.put_targets(Rule="r", EventBusName=yard.bus, Targets=[target])
    event_id = yard.put(1)
    until(lambda: "after 3 attempts" in yard.run("event", event_id), 60)
    place.close()
    said = yard.run("event", event_id)
    assert re.search(
        r"attempt .* 1\. SERVER_ERROR: .*503.*\nattempt .* 2\. THROTTLING: .*429.*\n"
        r"attempt .* 3\. taken\ndelivered .* after 3 attempts\n",
        said,
    ), said
    (delivery,) = json.loads(yard.run("event", event_id, "--json"))["deliveries"]
    assert [each["number"] for each in delivery["tries"]] == [1, 2, 3]


def test_event_in_an_archive_says_so(yard: Yard) -> None:
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{yard.bus}"
    yard.events.create_archive(ArchiveName=yard.bus, EventSourceArn=bus)
    yard.queue("box")
    yard.target("box")
    event_id = yard.put(1)
    yard.take("box")
    assert f"archive/{yard.bus}\n" in yard.run("event", event_id)


def test_replay_of_one_event_says_which_rules_got_it(yard: Yard) -> None:
    yard.queue("box")
    yard.target("box")
    event_id = yard.put(1)
    (first,) = yard.take("box")
    dry = yard.run("replay", "--event", event_id, "--bus", yard.bus, "--name", "again", "--dry-run")
    assert dry == "Would replay 1 event as again.\n  r: 1\n"
    yard.run("replay", "--event", event_id, "--bus", yard.bus, "--name", "again")
    (second,) = yard.take("box")
    assert second == first.replace('"resources"', '"replay-name":"again","resources"')
    assert '{"n":  1}' in second, "the producer's own text"
    assert "asked for once more" in yard.run("event", event_id)


def test_replay_by_pattern_to_one_rule_in_pace(yard: Yard) -> None:
    yard.queue("box")
    yard.target("box")
    for number in range(4):
        yard.put(number)
    yard.take("box", 4)
    yard.events.put_rule(Name="late", EventBusName=yard.bus, EventPattern='{"detail": {"n": [2, 3]}}')
    yard.queue("late")
    late = {"Id": "late", "Arn": yard.arn("late")}
    yard.events.put_targets(Rule="late", EventBusName=yard.bus, Targets=[late])
    pattern = '{"detail": {"n": [{"numeric": [">", 0]}]}}'
    asked = ("--where", pattern, "--since", "10m", "--bus", yard.bus, "--to-rule", "late", "--rate", "10")
    said = yard.run("replay", *asked)
    assert "Replayed 3 events" in said
    assert "  late: 2\n  matched by no rule with a target: 1\n" in said
    assert sorted(json.loads(body)["detail"]["n"] for body in yard.take("late", 2)) == [2, 3]
    assert "does not exist" in one_sentence(
        run("replay", "--since", "10m", "--bus", yard.bus, "--to-rule", "absent", "--endpoint", yard.url)
    )


def test_replay_to_one_target_by_id_or_arn_leaves_the_others_alone(yard: Yard) -> None:
    for name in ("box", "other", "late"):
        yard.queue(name)
    yard.target("box")
    yard.target("other")
    event_id = yard.put(1)
    yard.take("box")
    yard.take("other")
    yard.events.put_rule(Name="late", EventBusName=yard.bus, EventPattern='{"source": [{"prefix": ""}]}')
    yard.events.put_targets(Rule="late", EventBusName=yard.bus, Targets=[{"Id": "late", "Arn": yard.arn("late")}])
    asked = ("replay", "--event", event_id, "--bus", yard.bus, "--name", "again", "--to-target")
    assert yard.run(*asked, "box", "--dry-run") == "Would replay 1 event as again.\n  r: 1\n"
    yard.run(*asked, "box")
    assert yard.run(*asked, yard.arn("late")) == "Replayed 1 event as again.\n  late: 1\n"
    assert yard.run(*asked, "box", "--to-rule", "r") == "Replayed 1 event as again.\n  r: 1\n"
    assert len(yard.take("box", 2)) == 2
    assert len(yard.take("late", 1)) == 1
    attributes = yard.sqs.get_queue_attributes(QueueUrl=yard.queue("other"), AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    for more in ((), ("--to-rule", "late")):
        refused = run(*asked, "nobody" if not more else "box", *more, "--endpoint", yard.url)
        assert "target" in one_sentence(refused)


def test_replay_to_a_url_posts_the_events_and_counts_failures(yard: Yard) -> None:
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204 if got[-1]["detail"]["n"] != 2 else 500)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    for number in range(3):
        yard.put(number)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        threading.Thread(target=web.serve_forever).start()
        to = f"http://127.0.0.1:{web.server_address[1]}/events"
        said = yard.run("replay", "--since", "10m", "--bus", yard.bus, "--to-url", to, status=2)
        web.shutdown()
    assert [event["detail"]["n"] for event in got] == [0, 1, 2]
    assert said == f"Posted 2 events to {to}.\n  failed: 1 (status 500)\n"
    refused = run("replay", "--since", "10m", "--bus", yard.bus, "--to-url", "nonsense", "--endpoint", yard.url)
    assert "no URL" in one_sentence(refused)


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ((), "Say which events"),
        (("--event", "x", "--since", "1h"), "Either --event"),
        (("--since", "yesterday"), "--since is a time ago"),
        (("--since", "1h", "--where", "{"), "Event pattern is not valid"),
        (("--since", "1h", "--to-rule", "r", "--to-url", "http://x"), "Either --to-url"),
        (("--since", "1h", "--to-target", "t", "--to-url", "http://x"), "Either --to-url"),
        (("--event", "x"), "never received"),
    ],
)
def test_replay_says_what_it_needs(url: str, args: tuple[str, ...], reason: str) -> None:
    assert reason in one_sentence(run("replay", *args, "--endpoint", url))


def test_replay_refuses_more_than_its_limit(yard: Yard) -> None:
    for number in range(3):
        yard.put(number)
    asked = ("replay", "--since", "1h", "--bus", yard.bus, "--limit", "2", "--endpoint", yard.url)
    assert "More than 2 events" in one_sentence(run(*asked))


def test_dead_letters_are_listed_with_their_causes_and_stay(yard: Yard) -> None:
    dead_letters(yard, 1, 2)
    assert re.search(rf" 2  {yard.arn('dead')}\n", yard.run("dlq", "list"))
    for _ in range(2):
        lines = yard.run("dlq", "list", f"{yard.bus}-dead").splitlines()
        assert len(lines) == 2
        assert "LotSelected  from r  NO_RESOURCE after 1" in lines[0]
    filtered = yard.run("dlq", "list", yard.arn("dead"), "--where", '{"detail": {"n": [2]}}', "--json")
    letter = json.loads(filtered)
    assert (letter["code"], letter["attempts"]) == ("NO_RESOURCE", 1)
    assert yard.run("dlq", "list", f"{yard.bus}-dead", "--cause", "timeout") == ""
    shown = yard.run("dlq", "show", f"{yard.bus}-dead", letter["id"])
    assert "error     NO_RESOURCE: " in shown
    assert '"n": 2' in shown
    nobody = run("dlq", "show", f"{yard.bus}-dead", "ffffffff-", "--endpoint", yard.url)
    assert "No message" in one_sentence(nobody)


def test_redrive_goes_to_the_target_that_did_not_get_it_and_to_nobody_else(yard: Yard) -> None:
    dead_letters(yard, 1, 2, 3)
    yard.queue("other")
    yard.target("other")
    dry = yard.run("dlq", "redrive", f"{yard.bus}-dead", "--all", "--dry-run")
    assert dry.count(f"would go to {yard.arn('box')} of rule r") == 3
    said = yard.run("dlq", "redrive", f"{yard.bus}-dead", "--where", '{"detail": {"n": [1, 3]}}')
    assert said.count(f"sent to {yard.arn('box')} of rule r") == 2
    assert sorted(json.loads(body)["detail"]["n"] for body in yard.take("box", 2)) == [1, 3]
    (left,) = yard.run("dlq", "list", f"{yard.bus}-dead", "--json").splitlines()
    other = yard.sqs.get_queue_url(QueueName=f"{yard.bus}-other")["QueueUrl"]
    assert "Messages" not in yard.sqs.receive_message(QueueUrl=other)
    changed = json.loads(json.loads(left)["body"]) | {"detail": {"n": 20}}
    asked = ("dlq", "redrive", f"{yard.bus}-dead", json.loads(left)["id"][:12])
    yard.run(*asked, "--body", json.dumps(changed))
    (body,) = yard.take("box")
    assert json.loads(body) == changed
    assert yard.run("dlq", "list", f"{yard.bus}-dead") == ""
    assert yard.run("dlq", "redrive", f"{yard.bus}-dead", "--all") == "No message.\n"


def test_redrive_of_one_edited_in_an_editor(yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead_letters(yard, 1)
    (letter,) = yard.run("dlq", "list", f"{yard.bus}-dead", "--json").splitlines()
    monkeypatch.setitem(ENVIRONMENT, "EDITOR", "sed -i s/1}}$/7}}/")
    yard.run("dlq", "redrive", f"{yard.bus}-dead", json.loads(letter)["id"], "--edit")
    assert json.loads(yard.take("box")[0])["detail"] == {"n": 7}


def test_redrive_without_the_rule_publishes_to_the_bus_and_says_so(yard: Yard) -> None:
    dead_letters(yard, 1)
    yard.events.remove_targets(Rule="r", EventBusName=yard.bus, Ids=["box"])
    yard.queue("other")
    yard.target("other")
    said = yard.run("dlq", "redrive", f"{yard.bus}-dead", "--all")
    assert f"event-bus/{yard.bus}, for all its rules: Rule r has no target" in said
    assert json.loads(yard.take("other")[0])["detail"] == {"n": 1}


def test_what_a_queue_gave_up_goes_back_to_it(yard: Yard) -> None:
    yard.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": yard.arn("dead"), "maxReceiveCount": "1"})
    work = yard.queue("work", RedrivePolicy=policy, VisibilityTimeout="0")
    yard.sqs.send_message(QueueUrl=work, MessageBody="do it")
    for _ in range(2):
        yard.sqs.receive_message(QueueUrl=work)
    said = yard.run("dlq", "redrive", f"{yard.bus}-dead", "--all")
    assert said.endswith(f"sent to {yard.arn('work')}\n")
    assert yard.take("work") == ["do it"]


def test_dead_letters_of_a_schedule_are_listed_shown_and_sent_to_its_target(yard: Yard) -> None:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    yard.queue("dead")
    schedule = {
        "Name": yard.bus,
        "ScheduleExpression": "rate(365 days)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": yard.arn("later"),
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
            "Input": "wake up",
            "DeadLetterConfig": {"Arn": yard.arn("dead")},
        },
    }
    scheduler = boto3.client("scheduler", endpoint_url=yard.url, **keys)
    arn = scheduler.create_schedule(**schedule)["ScheduleArn"]
    until(lambda: yard.run("dlq", "list", f"{yard.bus}-dead"))
    assert f" 1  {yard.arn('dead')}\n" in yard.run("dlq", "list")
    line = yard.run("dlq", "list", f"{yard.bus}-dead", "--rule", yard.bus)
    assert f"from {yard.bus}  AWS.SimpleQueueService.NonExistentQueue after 1" in line
    shown = yard.run("dlq", "show", f"{yard.bus}-dead", line.split()[0])
    assert f"schedule  {arn}\n" in shown
    assert shown.endswith("\nwake up\n")
    url = yard.queue("later")
    dry = yard.run("dlq", "redrive", f"{yard.bus}-dead", "--all", "--dry-run")
    assert dry.endswith(f"would go to the target of schedule/default/{yard.bus}\n")
    yard.run("dlq", "redrive", f"{yard.bus}-dead", line.split()[0], "--body", "wake up, please")
    assert yard.take("later") == ["wake up, please"]
    yard.sqs.send_message(
        QueueUrl=url.replace("later", "dead"),
        MessageBody="too late",
        MessageAttributes={
            name: {"DataType": "String", "StringValue": text}
            for name, text in {"SCHEDULE_ARN": f"{arn}-gone", "SCHEDULED_TIME": "2026-01-01T00:00:00Z"}.items()
        },
    )
    done = run("dlq", "redrive", f"{yard.bus}-dead", "--all", "--endpoint", yard.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"stays: Schedule {yard.bus}-gone does not exist." in done.stderr
    scheduler.close()


def test_redrive_that_fails_leaves_the_message_and_ends_with_status_2(yard: Yard) -> None:
    url = yard.queue("dead")
    yard.sqs.send_message(QueueUrl=url, MessageBody="from nowhere")
    done = run("dlq", "redrive", f"{yard.bus}-dead", "--all", "--endpoint", yard.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "stays: neither a rule, a schedule nor a queue" in done.stderr
    assert yard.take("dead") == ["from nowhere"]
    assert "Say which messages" in one_sentence(run("dlq", "redrive", f"{yard.bus}-dead", "--endpoint", yard.url))


def test_transform_shows_what_a_target_would_get(tmp_path: Path) -> None:
    event = json.dumps({"id": "1", "source": "cars", "detail": {"car": {"vrm": "AB12"}, "n": 1.50}})
    (tmp_path / "event.json").write_text(event)
    (tmp_path / "template").write_text('{"car": <car>, "text": "<vrm> by <aws.events.rule-name>"}')
    paths = ("--path", "car=$.detail.car", "--path", "vrm=$.detail.car.vrm")
    rule = ("--rule", "arn:aws:events:us-east-1:123456789012:rule/sold")
    template = ("--template", f"@{tmp_path / 'template'}")
    done = run("transform", "test", f"@{tmp_path / 'event.json'}", *template, *paths, *rule)
    assert done.stdout == '{"car": {"vrm": "AB12"}, "text": "AB12 by sold"}\n', done.stderr
    assert run("transform", "test", "-", "--input-path", "$.detail.n", stdin=event).stdout == "1.5\n"
    assert "invalid placeholder" in one_sentence(run("transform", "test", event, "--template", "<absent>"))
    assert "NAME=JSONPATH" in one_sentence(run("transform", "test", event, "--path", "car"))
    assert "not a JSON object" in one_sentence(run("transform", "test", "[]"))
