"""Partner event sources through boto3: offered, matched, paused and taken back, and where their events go."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.acceptance.events.conftest import REGION, Yard
from tests.acceptance.events.yards import Process
from tests.acceptance.refusal import refused
from tests.acceptance.waiting import until

#: Each test has a partner name of its own: the names of sources are everybody's.
_numbers = iter(range(1, 1_000))
ENTRY = {"DetailType": "made", "Detail": '{"n": 1}'}


@pytest.fixture
def name() -> str:
    return f"aws.partner/parts{next(_numbers)}.example/orders/1"


@pytest.fixture
def partner(connect: Callable[..., Any]) -> Any:
    return connect("444455556666")


@pytest.fixture
def source(partner: Any, events: Any, account: str, name: str) -> str:
    """The name of a source that is offered to the account and matched by it."""
    partner.create_partner_event_source(Name=name, Account=account)
    events.create_event_bus(Name=name, EventSourceName=name)
    return name


def state(events: Any, name: str) -> str:
    found: str = events.describe_event_source(Name=name)["State"]
    return found


def test_offered_source_is_pending_until_a_bus_matches_it(partner: Any, events: Any, account: str, name: str) -> None:
    arn = f"arn:aws:events:{REGION}::event-source/{name}"
    assert partner.create_partner_event_source(Name=name, Account=account)["EventSourceArn"] == arn
    found = events.describe_event_source(Name=name)
    assert (found["Arn"], found["Name"], found["State"]) == (arn, name, "PENDING")
    assert found["CreatedBy"] == name.split("/")[1]
    assert (found["ExpirationTime"] - found["CreationTime"]).days == 14
    events.create_event_bus(Name=name, EventSourceName=name)
    found = events.describe_event_source(Name=name)
    assert found["State"] == "ACTIVE"
    assert "ExpirationTime" not in found
    assert events.describe_event_bus(Name=name)["Arn"] == f"arn:aws:events:{REGION}:{account}:event-bus/{name}"


def test_events_of_a_partner_are_the_accounts_on_its_partner_bus(
    partner: Any, yard: Yard, account: str, source: str
) -> None:
    answer = partner.put_partner_events(Entries=[ENTRY | {"Source": source, "Resources": ["r"]}])
    bus = f"arn:aws:events:{REGION}:{account}:event-bus/{source}"
    (event,) = (json.loads(event.body) for name, event in yard.published if name == bus)
    assert answer["FailedEntryCount"] == 0
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert (event["account"], event["source"], event["detail"]) == (account, source, {"n": 1})


def test_each_entry_has_an_outcome_of_its_own(
    partner: Any, events: Any, connect: Callable[..., Any], yard: Yard, account: str, source: str
) -> None:
    pending = source + "-pending"
    partner.create_partner_event_source(Name=pending, Account=account)
    entries = [
        ENTRY | {"Source": source},
        {"Source": source, "Detail": "{}"},
        {"Source": source, "DetailType": "made", "Detail": "[]"},
        ENTRY | {"Source": source + "-unknown"},
        ENTRY | {"Source": pending},
        ENTRY,
    ]
    answer = partner.put_partner_events(Entries=entries)
    assert answer["FailedEntryCount"] == 5
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "InvalidArgument",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "InvalidStateException",
        "InvalidArgument",
    ]
    stranger = connect("777788889999").put_partner_events(Entries=entries[:1])
    assert stranger["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    yard.full.add(f"arn:aws:events:{REGION}:{account}:event-bus/{source}")
    (full,) = partner.put_partner_events(Entries=entries[:1])["Entries"]
    assert full["ErrorCode"] == "ThrottlingException"


def test_deactivated_source_takes_no_events_until_it_is_activated(partner: Any, events: Any, source: str) -> None:
    def put() -> str | None:
        (result,) = partner.put_partner_events(Entries=[ENTRY | {"Source": source}])["Entries"]
        code: str | None = result.get("ErrorCode")
        return code

    events.deactivate_event_source(Name=source)
    assert state(events, source) == "PENDING"
    assert "ExpirationTime" in events.describe_event_source(Name=source)
    assert put() == "InvalidStateException"
    events.activate_event_source(Name=source)
    assert state(events, source) == "ACTIVE"
    assert put() is None


def test_source_that_is_taken_back_is_deleted_for_the_account(
    partner: Any, events: Any, account: str, source: str
) -> None:
    partner.delete_partner_event_source(Name=source, Account="777788889999")
    assert state(events, source) == "ACTIVE"
    partner.delete_partner_event_source(Name=source, Account=account)
    assert state(events, source) == "DELETED"
    for operation in (events.activate_event_source, events.deactivate_event_source):
        with refused("InvalidStateException", f"Event source {source} is in state DELETED."):
            operation(Name=source)
    with refused("ResourceNotFoundException", f"Event source {source} does not exist."):
        partner.describe_partner_event_source(Name=source)
    (result,) = partner.put_partner_events(Entries=[ENTRY | {"Source": source}])["Entries"]
    assert result["ErrorCode"] == "NotAuthorizedForSourceException"
    events.delete_event_bus(Name=source)
    with refused("ResourceNotFoundException"):
        events.describe_event_source(Name=source)


def test_source_whose_bus_is_deleted_is_pending_again(events: Any, source: str) -> None:
    events.delete_event_bus(Name=source)
    assert state(events, source) == "PENDING"
    with refused("InvalidStateException", f"Event source {source} is not matched by an event bus."):
        events.activate_event_source(Name=source)
    events.create_event_bus(Name=source, EventSourceName=source)
    assert state(events, source) == "ACTIVE"


def test_partner_buses_need_the_source_of_their_name(
    partner: Any, events: Any, connect: Callable[..., Any], account: str, name: str
) -> None:
    with refused("ResourceNotFoundException", f"Event source {name} does not exist."):
        events.create_event_bus(Name=name, EventSourceName=name)
    partner.create_partner_event_source(Name=name, Account=account)
    with refused("ResourceNotFoundException"):
        connect("777788889999").create_event_bus(Name=name, EventSourceName=name)
    for params in ({"Name": name}, {"Name": "mine", "EventSourceName": name}):
        with refused("ValidationException"):
            events.create_event_bus(**params)
    events.create_event_bus(Name=name, EventSourceName=name)
    with refused("ResourceAlreadyExistsException", f"Event bus {name} already exists."):
        events.create_event_bus(Name=name, EventSourceName=name)


def test_names_of_sources_are_unique(partner: Any, connect: Callable[..., Any], source: str) -> None:
    for who in (partner, connect("777788889999")):
        with refused("ResourceAlreadyExistsException", f"Event source {source} already exists."):
            who.create_partner_event_source(Name=source, Account="111122223333")
    connect("777788889999", region="us-west-2").create_partner_event_source(Name=source, Account="111122223333")


def test_everybody_sees_their_own_side(
    partner: Any, events: Any, connect: Callable[..., Any], account: str, source: str
) -> None:
    head = source.rpartition("/")[0] + "/"
    others = [head + "3", head + "2"]
    for other in others:
        partner.create_partner_event_source(Name=other, Account=account)
    arn = f"arn:aws:events:{REGION}::event-source/{source}"
    assert partner.describe_partner_event_source(Name=source)["Arn"] == arn
    first = partner.list_partner_event_sources(NamePrefix=head, Limit=2)
    rest = partner.list_partner_event_sources(NamePrefix=head, Limit=2, NextToken=first["NextToken"])
    listed = [each["Name"] for each in first["PartnerEventSources"] + rest["PartnerEventSources"]]
    assert listed == [source, head + "2", head + "3"]
    (taker,) = partner.list_partner_event_source_accounts(EventSourceName=source)["PartnerEventSourceAccounts"]
    assert (taker["Account"], taker["State"]) == (account, "ACTIVE")
    pages = events.list_event_sources(NamePrefix=head, Limit=2)
    more = events.list_event_sources(NamePrefix=head, Limit=2, NextToken=pages["NextToken"])
    found = [(each["Name"], each["State"]) for each in pages["EventSources"] + more["EventSources"]]
    assert found == [(source, "ACTIVE"), (head + "2", "PENDING"), (head + "3", "PENDING")]
    with refused("ValidationException"):
        events.list_event_sources(NamePrefix=head, NextToken=first["NextToken"])
    stranger = connect("777788889999")
    assert stranger.list_partner_event_sources(NamePrefix=head)["PartnerEventSources"] == []
    for operation in (stranger.describe_partner_event_source, stranger.describe_event_source):
        with refused("ResourceNotFoundException"):
            operation(Name=source)
    with refused("ResourceNotFoundException"):
        stranger.list_partner_event_source_accounts(EventSourceName=source)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("partners") / "data")
    yield process
    assert process.stop() == 0


def test_a_partners_event_reaches_a_queue(process: Process, name: str) -> None:
    here, partner = process.yard(), process.client("events", "444455556666")
    partner.create_partner_event_source(Name=name, Account=here.account)
    here.events.create_event_bus(Name=name, EventSourceName=name)
    url = here.sqs.create_queue(QueueName="parts")["QueueUrl"]
    here.events.put_rule(Name="r", EventBusName=name, EventPattern='{"source": [{"prefix": "aws.partner/"}]}')
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{here.account}:parts"}
    here.events.put_targets(Rule="r", EventBusName=name, Targets=[target])
    assert partner.put_partner_events(Entries=[ENTRY | {"Source": name}])["FailedEntryCount"] == 0
    (message,) = until(lambda: here.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages"))
    assert json.loads(message["Body"])["source"] == name
