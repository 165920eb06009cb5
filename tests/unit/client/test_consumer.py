"""What a handler is given, whichever way the event came."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import logging
from datetime import UTC, date, datetime
from typing import Any, TypedDict

import msgspec
import pydantic
import pytest

from eventyard import EventInfo, handler, handlers
from eventyard.client import ContractViolation, Delivered
from eventyard.client.trace import current
from eventyard.errors import Conflict, EventyardError, InvalidRequest, NotFound

from .contracts import GOOD, VIN, repository

TRACE = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def event(detail: Any = GOOD, type: str = "PurchaseConfirmed", **more: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "e-1",
        "detail-type": type,
        "source": "uk.co.cars.sales",
        "account": "123456789012",
        "time": "2026-11-25T12:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
        **more,
    }


def message(body: Any, id: str, queue: str = "orders", **attributes: str) -> dict[str, Any]:
    return {
        "messageId": id,
        "receiptHandle": "r",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{queue}",
    }


def record(body: Any, number: str) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(body).encode()).decode()
    return {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": number, "data": data}}


def notification(body: Any) -> dict[str, Any]:
    return {"EventSource": "aws:sns", "Sns": {"MessageId": "m", "Message": json.dumps(body)}}


class Purchase(msgspec.Struct):
    vin: str
    price: float


@handler("PurchaseConfirmed", contracts=repository())
def on_confirmed(purchase: Purchase, info: EventInfo) -> Any:
    """Notes it."""
    if purchase.price == 13:
        raise ZeroDivisionError
    return {"vin": purchase.vin, "id": info.id}


def test_event_of_a_bus_arrives_typed_with_what_is_known_of_it() -> None:
    seen: list[Any] = []

    @handler("PurchaseConfirmed")
    def note(purchase: Purchase, info: EventInfo) -> str:
        seen.extend([purchase, info])
        return "done"

    resources = ["arn:aws:x", "urn:eventyard:once:order-1"]
    assert note(event(resources=resources, **{"replay-name": "again"}), None) == "done"
    assert seen == [
        Purchase(VIN, 27250),
        EventInfo(
            id="e-1",
            type="PurchaseConfirmed",
            source="uk.co.cars.sales",
            account="123456789012",
            region="eu-west-1",
            time=datetime(2026, 11, 25, 12, tzinfo=UTC),
            resources=("arn:aws:x",),
            replay_name="again",
            once="order-1",
        ),
    ]
    assert seen[1].key == "uk.co.cars.sales PurchaseConfirmed order-1"


@dataclasses.dataclass
class PurchaseData:
    vin: str
    price: float


class PurchaseDict(TypedDict):
    vin: str
    price: float


class PurchaseModel(pydantic.BaseModel):
    vin: str
    price: float


@pytest.mark.parametrize("kind", [Purchase, PurchaseData, PurchaseDict, PurchaseModel, dict[str, Any]])
def test_annotation_says_what_the_detail_becomes(kind: Any) -> None:
    def note(purchase: Any) -> Any:
        return purchase

    note.__annotations__["purchase"] = kind
    found = handler("PurchaseConfirmed")(note)(event())
    assert found == (kind(**GOOD) if kind is not dict[str, Any] else GOOD)
    assert type(found) is (dict if kind in (PurchaseDict, dict[str, Any]) else kind)


@pytest.mark.parametrize("kind", [Purchase, PurchaseModel])
def test_detail_that_does_not_fit_the_type_is_told_with_its_path(kind: Any) -> None:
    found = handler("PurchaseConfirmed", model=kind)(lambda purchase: purchase)
    with pytest.raises(InvalidRequest, match="vin") as caught:
        found(event({"vin": 551, "price": 1}))
    assert "551" not in str(caught.value), "values may be personal"


def test_strict_model_takes_dates_from_json() -> None:
    class Strict(pydantic.BaseModel, strict=True):
        day: date

    found = handler("PurchaseConfirmed", model=Strict)(lambda detail: detail.day)
    assert found(event({"day": "2026-11-25"})) == date(2026, 11, 25)


def test_event_that_breaks_its_contract_does_not_reach_the_function() -> None:
    with pytest.raises(ContractViolation, match=r"/vin\n"):
        on_confirmed(event({**GOOD, "vin": "short"}))


def test_members_that_a_newer_contract_added_are_tolerated_unless_strict() -> None:
    newer = event({**GOOD, "colour": "red"})
    assert on_confirmed(newer) == {"vin": VIN, "id": "e-1"}
    strict = handler("PurchaseConfirmed", contracts=repository(), strict=True)(lambda detail: detail)
    with pytest.raises(ContractViolation, match="/colour"):
        strict(newer)


def test_event_of_any_version_is_taken_unless_one_is_named() -> None:
    def note(price: dict[str, Any]) -> Any:
        return price

    of_any = handler("CarPriced", contracts=repository())(note)
    assert of_any(event({"price": 1}, "CarPriced")) == {"price": 1}
    assert of_any(event({"amount": 1}, "CarPriced")) == {"amount": 1}
    with pytest.raises(ContractViolation, match="version 2"):
        of_any(event({}, "CarPriced"))
    assert of_any.tally.count("violations", "CarPriced") == 1
    with pytest.raises(ContractViolation, match="version 1"):
        handler("CarPriced", contracts=repository(), version=1)(note)(event({"amount": 1}, "CarPriced"))


def test_invalid_events_can_be_told_to_somebody_instead() -> None:
    told: list[tuple[Delivered, EventyardError]] = []

    async def tell(event: Delivered, error: EventyardError) -> None:
        told.append((event, error))

    found = handler("PurchaseConfirmed", contracts=repository(), on_invalid=tell)(lambda detail: detail)
    answer = found({"Records": [message(event({}), "m-1"), message(event(), "m-2")]})
    assert answer == {"batchItemFailures": []}
    assert [(each.info.id, each.item, type(error)) for each, error in told] == [("e-1", "m-1", ContractViolation)]


def test_event_for_somebody_else_is_an_error() -> None:
    with pytest.raises(NotFound, match="no handler for LotSelected, only for PurchaseConfirmed"):
        on_confirmed(event(type="LotSelected"))


def test_several_handlers_share_an_entry_point() -> None:
    lot = handler("LotSelected")(lambda detail: "lot")
    both = handlers(on_confirmed, lot)
    assert both(event(type="LotSelected"), None) == "lot"
    assert both(event(), None)["vin"] == VIN
    with pytest.raises(InvalidRequest, match="two handlers"):
        handlers(lot, lot)


def test_queue_gets_back_what_failed_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    records = [
        message(event(), "good"),
        message(event({**GOOD, "price": 13}), "raises"),
        message("not JSON", "text"),
        message({"hello": 1}, "other"),
        message(event(type="LotSelected"), "of-another"),
        message({"Type": "Notification", "TopicArn": "arn", "Message": json.dumps(event())}, "through-a-topic"),
    ]
    with caplog.at_level(logging.ERROR):
        answer = on_confirmed({"Records": records})
    failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
    assert failed == ["raises", "text", "other", "of-another"]
    assert "ZeroDivisionError" in caplog.text
    assert on_confirmed(records[:2]) == {"batchItemFailures": [{"itemIdentifier": "raises"}]}, "a pipe gives a list"


def test_fifo_queue_gets_back_what_failed_and_all_behind_it() -> None:
    bad = message(event({**GOOD, "price": 13}), "2", "orders.fifo")
    records = [message(event(), "1", "orders.fifo"), bad, message(event(), "3", "orders.fifo")]
    answer = on_confirmed({"Records": records})
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["2", "3"]


def test_stream_is_read_from_the_first_failure_on_again() -> None:
    records = [record(event(), "100"), record(event({**GOOD, "price": 13}), "101"), record(event(), "102")]
    answer = on_confirmed({"Records": records})
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["101", "102"]


def test_topic_hears_of_a_failure_after_all_were_tried() -> None:
    seen: list[Any] = []

    @handler("PurchaseConfirmed")
    def note(purchase: dict[str, Any]) -> None:
        seen.append(purchase["price"])
        if purchase["price"] == 13:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        note({"Records": [notification(event({"price": 13})), notification(event({"price": 14}))]})
    assert seen == [13, 14]
    assert note({"Records": [notification(event({"price": 15}))]}) is None


def test_trace_of_the_producer_is_the_current_one_in_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def note(detail: dict[str, Any], info: EventInfo) -> Any:
        return current(), info.traceparent

    seen: list[Any] = []
    by_queue = handler("PurchaseConfirmed")(lambda detail, info: seen.append(note(detail, info)))
    by_queue({"Records": [message(event(), "1", AWSTraceHeader=TRACE), message(event(), "2")]})
    assert seen == [(TRACEPARENT, TRACEPARENT), (None, None)]
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    assert handler("PurchaseConfirmed")(note)(event()) == (TRACEPARENT, TRACEPARENT)
    assert current() is None


async def test_async_function_is_awaited_on_an_event_loop_and_run_without_one() -> None:
    @handler("PurchaseConfirmed", contracts=repository())
    async def note(purchase: Purchase) -> float:
        await asyncio.sleep(0)
        return purchase.price

    assert await note.handle(event()) == 27250
    with pytest.raises(Conflict, match=r"await the handler's handle"):
        note(event())
    assert await asyncio.to_thread(note, event()) == 27250


@pytest.mark.parametrize("shape", [{}, [], "text", None, {"Records": []}, {"Records": [{"eventSource": "aws:s3"}]}])
def test_other_shapes_are_refused_by_name(shape: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"This is neither|Records of aws:s3 are not supported"):
        on_confirmed(shape)


def test_event_without_its_envelope_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="This is no event of a bus: KeyError: 'id'"):
        on_confirmed({"detail-type": "PurchaseConfirmed", "detail": {}})


def test_function_without_an_argument_is_no_handler() -> None:
    with pytest.raises(InvalidRequest, match="takes no argument"):
        handler("PurchaseConfirmed")(lambda: None)


def test_annotation_that_can_not_be_read_says_what_to_do() -> None:
    def note(detail: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
        pass

    with pytest.raises(InvalidRequest, match=r"'Nowhere' is not defined\): give model="):
        handler("PurchaseConfirmed")(note)


def test_handler_keeps_the_name_and_words_of_its_function() -> None:
    assert (on_confirmed.__name__, on_confirmed.__doc__) == ("on_confirmed", "Notes it.")
