"""What becomes of a detail before it is sent: checked, addressed, refused."""

from __future__ import annotations

import dataclasses
import json
import pickle
import warnings
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest

from eventyard.client import ContractViolation, Draft, ManyFailed, Tally
from eventyard.client.admission import Admission, Unknown
from eventyard.client.contracts import contracts_of
from eventyard.client.entry import Entry
from eventyard.clock import ManualClock
from eventyard.contract import from_files
from eventyard.errors import InvalidRequest, NotFound

from .contracts import FILES, GOOD, VIN, document, repository


def admission(unknown: Unknown = "refuse", day: str = "2025-06-01", **options: Any) -> Admission:
    clock = ManualClock(int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000))
    tally = options.pop("tally", Tally())
    return Admission(contracts_of(options.pop("contracts", repository())), unknown, tally, clock, **options)


def entry(event: str, detail: Any, **options: Any) -> Entry:
    return admission().admit(Draft(event, detail, **options)).entry


def test_violation_is_text_of_its_own_lines_only() -> None:
    with pytest.raises(ContractViolation) as caught:
        entry("PurchaseConfirmed", {"vin": "\x1b[2J\x9b", "price": 1, "a\n::error::\u202e": 1})
    told = str(caught.value)
    assert all(line.isprintable() for line in told.split("\n"))
    assert not [line for line in told.split("\n") if line.startswith("::")]


def test_violation_shows_each_path_with_what_was_expected_and_what_is_there() -> None:
    with pytest.raises(ContractViolation) as caught:
        entry("PurchaseConfirmed", {"vin": "short", "price": 0, "colour": "red"})
    assert str(caught.value) == (
        "PurchaseConfirmed breaks its contract in 3 places (events/purchase_confirmed.md, version 1):\n"
        "  /colour\n"
        "      expected  no such member\n"
        '      actual    "red"\n'
        "  /price\n"
        "      expected  >= 1\n"
        "      actual    0\n"
        "  /vin\n"
        "      expected  something like ^[A-HJ-NPR-Z0-9]{17}$\n"
        '      actual    "short"'
    )
    assert [each.path for each in caught.value.violations] == ["/colour", "/price", "/vin"]


def test_missing_member_is_told_with_its_path() -> None:
    with pytest.raises(ContractViolation, match=r"(?s)in 1 place .*/price\n *expected  a value\n *actual    nothing"):
        entry("PurchaseConfirmed", {"vin": VIN})


def test_errors_survive_the_way_to_another_process() -> None:
    with pytest.raises(ContractViolation) as caught:
        entry("PurchaseConfirmed", {"vin": VIN})
    many = ManyFailed([caught.value, None, "id"])
    for error in (caught.value, many):
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), type(again)) == (str(error), type(error))
    assert pickle.loads(pickle.dumps(many)).outcomes[1:] == (None, "id")


def test_violations_are_counted_by_event() -> None:
    told: list[tuple[str, str, float]] = []
    tally = Tally(lambda *each: told.append(each))
    with pytest.raises(ContractViolation):
        admission(tally=tally).admit(Draft("PurchaseConfirmed", {}))
    assert tally.count("violations", "PurchaseConfirmed") == 1
    assert told == [("violations", "PurchaseConfirmed", 1)]


def test_source_and_bus_come_from_the_contract() -> None:
    assert entry("LotSelected", GOOD).source == "uk.co.cars.sales"
    assert entry("LotSelected", GOOD).event_bus_name == "lots"
    assert entry("PurchaseConfirmed", GOOD).event_bus_name == "default"


def test_bus_of_the_client_is_before_the_contracts_and_that_of_the_put_before_both() -> None:
    of_client = admission(bus="test")
    assert of_client.admit(Draft("LotSelected", GOOD)).entry.event_bus_name == "test"
    assert of_client.admit(Draft("LotSelected", GOOD, bus="other")).entry.event_bus_name == "other"


def test_client_of_one_source_publishes_no_events_of_others() -> None:
    with pytest.raises(NotFound, match=r"no contract for LotSelected of uk\.co\.cars\.stock"):
        admission(source="uk.co.cars.stock").admit(Draft("LotSelected", GOOD))


def test_newest_version_counts_unless_another_is_named() -> None:
    assert entry("CarPriced", {"amount": 1})
    assert entry("CarPriced", {"price": 1}, version=1)
    with pytest.raises(ContractViolation, match="version 2"):
        entry("CarPriced", {"price": 1})
    with pytest.raises(NotFound, match="in version 3"):
        entry("CarPriced", {"price": 1}, version=3)


def test_unknown_event_is_refused_and_counted() -> None:
    tally = Tally()
    with pytest.raises(NotFound, match="no contract for Misspelt") as caught:
        admission(tally=tally).admit(Draft("Misspelt", {}))
    assert caught.value.code == "UnknownEvent"
    assert tally.count("unknown") == 1


def test_unknown_event_can_be_let_through_with_one_warning() -> None:
    lenient = admission("warn", source="uk.co.cars.sales")
    with pytest.warns(UserWarning, match="no contract for Misspelt"):
        lenient.admit(Draft("Misspelt", {}))
    admitted = lenient.admit(Draft("Misspelt", {}))
    assert (admitted.label, admitted.entry.source) == ("other", "uk.co.cars.sales")


def test_event_without_contract_and_source_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="has no contract that says its source"):
        admission("allow").admit(Draft("Misspelt", {}))


def test_document_with_errors_is_named_when_its_event_is_missed() -> None:
    broken = from_files({**FILES, "events/broken.md": document("Broken", schema='{"type": 5}')})
    with pytest.raises(NotFound, match=r"no contract for Broken\. Documents have errors: events/broken\.md:\d+"):
        admission(contracts=broken).admit(Draft("Broken", {}))


def test_deprecated_event_warns_once_and_is_refused_from_its_sunset_on() -> None:
    assert admission(day="2025-12-31").admit(Draft("OrderTaken", GOOD))
    tally = Tally()
    deprecated = admission(day="2026-01-01", tally=tally)
    with pytest.warns(FutureWarning, match="deprecated since 2026-01-01, and can't be published from 2026-07-01 on"):
        deprecated.admit(Draft("OrderTaken", GOOD))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deprecated.admit(Draft("OrderTaken", GOOD))
    assert tally.count("deprecated", "OrderTaken") == 2
    with pytest.raises(InvalidRequest, match="since 2026-07-01, its sunset") as caught:
        admission(day="2026-07-01").admit(Draft("OrderTaken", GOOD))
    assert caught.value.code == "Sunset"


def test_dataclasses_structs_and_models_are_details() -> None:
    @dataclasses.dataclass
    class Data:
        vin: str
        price: float
        when: datetime

    class Struct(msgspec.Struct):
        vin: str
        price: float
        when: datetime

    class Model(pydantic.BaseModel):
        vin: str
        price: float
        when: datetime

    when = datetime(2026, 11, 25, 12, tzinfo=UTC)
    for kind in (Data, Struct, Model):
        detail = json.loads(entry("PurchaseConfirmed", kind(vin=VIN, price=1.5, when=when)).detail)
        assert datetime.fromisoformat(detail.pop("when")) == when
        assert detail == {"vin": VIN, "price": 1.5}


def test_what_the_receiver_reads_is_what_is_checked() -> None:
    with pytest.raises(ContractViolation, match=r"/when\n *expected  a date-time"):
        entry("PurchaseConfirmed", {**GOOD, "when": datetime(2026, 11, 25)})


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        ({"price": float("nan")}, "not finite"),
        ({"prices": [1.0, {"of": (float("inf"),)}]}, "not finite"),
        ({"price": {1, 2}}, "not JSON serializable: set"),
        ({"price": object()}, "not JSON serializable: object"),
        ({"price": 1 << 64}, "can't be JSON"),
        ({"text": "\ud800"}, "can't be JSON"),
        ([1], "is an object, not list"),
        ("text", "is an object, not str"),
    ],
)
def test_what_json_can_not_say_is_refused(detail: Any, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        admission("allow", source="s").admit(Draft("Anything", detail))


def test_null_is_a_value_like_others() -> None:
    assert admission("allow", source="s").admit(Draft("Anything", {"price": None})).entry.detail == '{"price":null}'


def test_size_is_counted_as_aws_does() -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    plain = Entry("source", "Type", '{"a":"ä"}', "a-bus-that-does-not-count", None, ("r",), "Root=1-0-0")
    assert plain.size == 6 + 4 + 10 + 1
    assert entry("PurchaseConfirmed", GOOD, time=when).size == entry("PurchaseConfirmed", GOOD).size + 14


def test_event_that_is_too_large_is_refused_here() -> None:
    with pytest.raises(InvalidRequest, match="at most 1,048,576"):
        entry("PurchaseConfirmed", {**GOOD, "note": "x" * (1 << 20)})


def test_time_needs_a_zone() -> None:
    with pytest.raises(InvalidRequest, match="no time zone"):
        entry("PurchaseConfirmed", GOOD, time=datetime(2026, 1, 1))


def test_trace_goes_along_as_xray_writes_it() -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    header = entry("PurchaseConfirmed", GOOD, traceparent=traceparent).trace_header
    assert header == "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1"
    with pytest.raises(InvalidRequest, match="no traceparent"):
        entry("PurchaseConfirmed", GOOD, traceparent="00-0-0-0")


def test_id_of_the_caller_stands_among_the_resources() -> None:
    resources = entry("PurchaseConfirmed", GOOD, resources=("arn:aws:x",), once="order-1").resources
    assert resources == ("arn:aws:x", "urn:eventyard:once:order-1")


def test_contracts_are_read_from_folders_and_snapshots(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / "repo" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repo" / name).write_text(text)
    snapshot = tmp_path / "contracts.json"
    snapshot.write_bytes(repository().snapshot())
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as package:
        package.write(snapshot, "contracts.json")
    packed = zipfile.Path(tmp_path / "package.zip", "contracts.json")
    for source in (tmp_path / "repo", str(tmp_path / "repo"), snapshot, str(snapshot), packed):
        assert contracts_of(source).find("PurchaseConfirmed").contract.source == "uk.co.cars.sales"
    with pytest.raises(NotFound, match="There are no contracts at"):
        contracts_of(tmp_path / "nowhere")
    with pytest.raises(InvalidRequest, match="Contracts come from a folder, a snapshot, a repository or a registry"):
        contracts_of(b"{}")  # type: ignore[arg-type]
    snapshot.write_text("{}")
    with pytest.raises(InvalidRequest, match="no snapshot"):
        contracts_of(snapshot)


def test_sunset_that_is_no_date_is_told() -> None:
    odd = from_files({"a.md": document("Odd", "sunset: soon", '{"type": "object"}')})
    with pytest.raises(InvalidRequest, match="sunset: soon, which is no date"):
        admission(contracts=odd).admit(Draft("Odd", {}))
