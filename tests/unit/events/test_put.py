"""PutEvents from bytes to bytes: what is admitted, what is refused, and what reaches the publisher."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from eventyard.api.events.entries import Entry, entry_size
from eventyard.api.events.limits import Limits
from eventyard.api.events.put import PutEvents
from eventyard.bus.directory import Directory
from eventyard.bus.resources import Bus
from eventyard.clock import ManualClock
from eventyard.detail import DEEPEST
from eventyard.errors import InvalidRequest, TryAgain
from eventyard.event import Event
from eventyard.inspection import NONE, Head, Rejected
from eventyard.pattern import matches, parse
from eventyard.stores.memory import open_memory
from eventyard.wire import Caller

CALLER = Caller("123456789012", "eu-west-1", "request", "http://127.0.0.1")
DEFAULT = "arn:aws:events:eu-west-1:123456789012:event-bus/default"
ORDERS = "arn:aws:events:eu-west-1:123456789012:event-bus/orders"
GOOD = {"Source": "shop", "DetailType": "Order", "Detail": '{"id": 1.50}'}


class Yard:
    """PutEvents with a publisher that keeps what it gets, and has no room on the buses in ``full``."""

    def __init__(self, directory: Directory, clock: ManualClock, limits: Limits) -> None:
        self.published: list[tuple[str, list[Event]]] = []
        self.full: set[str] = set()
        self.directory = directory
        self.put = PutEvents(directory, self._publish, clock, limits)

    async def _publish(self, bus: str, events: Sequence[Event], heads: list[Head]) -> Rejected:
        if bus in self.full:
            raise TryAgain("Too much is waiting.")
        self.published.append((bus, list(events)))
        return NONE

    async def __call__(self, *entries: dict[str, Any]) -> dict[str, Any]:
        answer = await self.put.fast(CALLER, json.dumps({"Entries": entries}).encode())
        assert answer is not None
        result: dict[str, Any] = json.loads(answer)
        return result

    @property
    def bodies(self) -> list[bytes]:
        return [event.body for _, events in self.published for event in events]


@pytest.fixture
async def yard() -> Yard:
    clock = ManualClock()
    store = await open_memory()
    directory = Directory(store.catalog, clock)
    await directory.load()
    await directory.put_bus(Bus(arn=ORDERS, name="orders", created=0, modified=0))
    return Yard(directory, clock, Limits(put_size=20_000))


async def test_event_holds_the_producers_text_byte_for_byte(yard: Yard) -> None:
    answer = await yard(GOOD | {"Resources": ["a", "b"]})
    id = answer["Entries"][0]["EventId"]
    assert answer == {"FailedEntryCount": 0, "Entries": [{"EventId": id}]}
    assert yard.published[0][0] == DEFAULT
    assert yard.bodies == [
        b'{"version":"0","id":"' + id.encode() + b'","detail-type":"Order","source":"shop","account":"123456789012",'
        b'"time":"2023-11-14T22:13:20Z","region":"eu-west-1","resources":["a","b"],"detail":{"id": 1.50}}'
    ]


async def test_time_of_the_entry_becomes_time_of_the_event(yard: Yard) -> None:
    await yard(GOOD | {"Time": 1_600_000_000}, GOOD | {"Time": 1_600_000_000.75})
    assert [json.loads(body)["time"] for body in yard.bodies] == ["2020-09-13T12:26:40Z"] * 2


async def test_trace_header_travels_beside_the_event(yard: Yard) -> None:
    await yard(GOOD | {"TraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"})
    event = yard.published[0][1][0]
    assert event.trace == "Root=1-5759e988-bd862e3fe1be46a994272793"
    assert b"5759e988" not in event.body


async def test_refused_entries_stand_in_their_places(yard: Yard) -> None:
    answer = await yard(
        {"DetailType": "Order", "Detail": "{}"},
        GOOD,
        {"Source": "shop", "Detail": "{}"},
        {"Source": "shop", "DetailType": "Order"},
        GOOD | {"Source": "aws.s3"},
        GOOD | {"Detail": "{"},
    )
    assert answer["FailedEntryCount"] == 5
    found = [(entry.get("ErrorCode"), entry.get("ErrorMessage")) for entry in answer["Entries"]]
    assert found == [
        ("InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        (None, None),
        ("InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."),
        ("InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        ("NotAuthorizedForSourceException", "Not authorized for the source."),
        ("MalformedDetail", "Detail is malformed."),
    ]
    assert len(yard.bodies) == 1


@pytest.mark.parametrize(
    "detail",
    [
        '"text"',
        "[1]",
        "1",
        "null",
        '"{\\"a\\":1}"',
        "{a:1}",
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":1}}',
        '{"a":"\t"}',
        '{"a":01}',
        '{"a":1,}',
        '{"a":"\\ud800"}',
        '{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1),
        '{"a":' * 3000 + "1" + "}" * 3000,
        '{"a":1}},"injected":{"b":2',
    ],
)
async def test_detail_that_is_no_json_object_is_malformed(yard: Yard, detail: str) -> None:
    answer = await yard(GOOD | {"Detail": detail})
    assert answer["Entries"] == [{"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}]
    assert yard.published == []


@pytest.mark.parametrize(
    "detail",
    ["{}", ' {"a" : 1}\n', '{"a":9223372036854775807}', '{"é":"\\u00e9😀"}', '{"a":' * DEEPEST + "1" + "}" * DEEPEST],
)
async def test_any_json_object_is_a_detail(yard: Yard, detail: str) -> None:
    assert (await yard(GOOD | {"Detail": detail}))["FailedEntryCount"] == 0
    assert yard.bodies[0].endswith(b',"detail":' + detail.encode() + b"}")


async def test_deepest_event_can_be_matched(yard: Yard) -> None:
    await yard(GOOD | {"Detail": '{"a":' * DEEPEST + "1" + "}" * DEEPEST})
    assert matches(parse('{"detail":{"b":[{"exists":false}]}}'), yard.bodies[0])


async def test_entries_for_several_buses_go_out_once_for_each_bus(yard: Yard) -> None:
    answer = await yard(
        GOOD | {"EventBusName": "orders", "Source": "1"},
        GOOD | {"Source": "2"},
        GOOD | {"EventBusName": ORDERS, "Source": "3"},
        GOOD | {"EventBusName": "arn:aws:events:us-east-1:123456789012:event-bus/default", "Source": "4"},
    )
    assert answer["FailedEntryCount"] == 0
    sources = {bus: [json.loads(event.body)["source"] for event in events] for bus, events in yard.published}
    assert sources == {
        ORDERS: ["1", "3"],
        DEFAULT: ["2"],
        "arn:aws:events:us-east-1:123456789012:event-bus/default": ["4"],
    }


async def test_ids_in_the_answer_are_those_of_the_events_in_order(yard: Yard) -> None:
    answer = await yard(*[GOOD] * 10)
    assert [entry["EventId"] for entry in answer["Entries"]] == [event.id for event in yard.published[0][1]]


async def test_event_for_an_unknown_bus_is_accepted_and_goes_nowhere(yard: Yard) -> None:
    answer = await yard(GOOD | {"EventBusName": "nowhere"})
    assert answer["FailedEntryCount"] == 0
    assert answer["Entries"][0]["EventId"]
    assert yard.published == []


async def test_overload_of_one_bus_leaves_the_others_alone(yard: Yard) -> None:
    yard.full = {ORDERS}
    answer = await yard(GOOD | {"EventBusName": "orders"}, GOOD)
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0] == {"ErrorCode": "ThrottlingException", "ErrorMessage": "Too much is waiting."}
    assert [bus for bus, _ in yard.published] == [DEFAULT]


async def test_total_size_over_the_limit_is_refused_whole(yard: Yard) -> None:
    fits = GOOD | {"Detail": '{"a":"' + "x" * 9_970 + '"}'}
    assert (await yard(fits, fits))["FailedEntryCount"] == 0
    with pytest.raises(InvalidRequest, match=r"^Total size of the entries in the request is over the limit\.$"):
        await yard(fits, fits | {"Time": 0, "Resources": ["x" * 30]})
    assert len(yard.published) == 1


def test_size_of_an_entry_is_counted_as_aws_documents() -> None:
    entry = Entry(source="é", detail_type="ab", detail='{"a":"😀"}', time=1, resources=["r1", "r22"])
    assert entry_size(entry) == 2 + 2 + 12 + 14 + 5
    assert entry_size(Entry()) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"Entries":[]}',
        b'{"Entries":{}}',
        b'{"Entries":[{"Source":1}]}',
        b'{"Entries":[{"Source":"\xff"}]}',
        b'{"Entries":[{"EventBusName":""}]}',
        b'{"Entries":[{"EventBusName":"a b"}]}',
        b'{"Entries":[{"Time":1e300}]}',
        b'{"Entries":[{"Time":"2020-09-13T12:26:40Z"}]}',
        b'{"Entries":[' + b"{}," * 10 + b"{}]}",
        b'{"Entries":[{}],"EndpointId":"abc.veo"}',
        b'{"Entries":[{"TraceHeader":"' + b"x" * 501 + b'"}]}',
    ],
)
async def test_requests_that_the_model_must_judge_go_the_general_way(yard: Yard, body: bytes) -> None:
    assert await yard.put.fast(CALLER, body) is None


async def test_general_way_gives_the_same_answers(yard: Yard) -> None:
    entries = [GOOD, {"Source": "shop"}, GOOD | {"Detail": "[]"}, GOOD | {"Source": "\ud800"}]
    answer = await yard.put.general(CALLER, {"Entries": entries})
    assert answer["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "InvalidArgument",
        "MalformedDetail",
        "InvalidArgument",
    ]
    assert len(yard.bodies) == 1


async def test_policy_that_cannot_be_held_to_keeps_only_the_owner(yard: Yard) -> None:
    for account, code in (("123456789012", None), ("999999999999", "AccessDeniedException")):
        bus = f"arn:aws:events:eu-west-1:{account}:event-bus/old"
        await yard.directory.put_bus(Bus(arn=bus, name="old", created=0, modified=0, policy='{"Statement":{}}'))
        answer = await yard(GOOD | {"EventBusName": bus})
        assert answer["Entries"][0].get("ErrorCode") == code
