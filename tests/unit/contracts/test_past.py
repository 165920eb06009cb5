"""Real events against contracts: how many are refused, why, and which, without showing what is personal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventyard.contract import Repository, from_files
from eventyard.contracts.past import Checked, Past, check
from eventyard.errors import InvalidRequest

from .documents import document

LINES = {
    "type": "object",
    "required": ["lines"],
    "properties": {"lines": {"type": "array", "items": {"type": "integer"}}, "buyer": {"type": "string"}},
}


def repository(*documents: str) -> Repository:
    return from_files({f"{at}.md": text for at, text in enumerate(documents)})


def event(detail: Any, name: str = "1", kind: str = "CarSold") -> bytes:
    whole = {"id": name, "time": "2026-11-25T10:00:00Z", "source": "uk.co.cars", "detail-type": kind, "detail": detail}
    return json.dumps(whole).encode()


def one(found: Checked) -> Past:
    (past,) = found.events
    return past


def test_events_that_would_be_rejected_are_counted_and_shown() -> None:
    events = [event({"lines": [1]}), event({"lines": [1, "x"]}, "bad"), event({}, "worse")]
    past = one(check(events, repository(document(LINES))))
    assert (past.checked, past.rejected, past.already) == (3, 2, None)
    assert [sample.id for sample in past.samples] == ["bad", "worse"]
    assert str(past.samples[0].violations[0]) == '/lines/1: expected integer, got "x"'


def test_reasons_are_grouped_by_place_and_keyword_each_once_for_an_event() -> None:
    events = [event({"lines": ["x", "y"]}), event({"lines": [1, 2, "z"]}), event({})]
    reasons = one(check(events, repository(document(LINES)))).reasons
    assert [(reason.path, reason.keyword, reason.count) for reason in reasons] == [
        ("/lines/*", "type", 2),
        ("/lines", "required", 1),
    ]


def test_an_event_that_keeps_any_version_is_taken() -> None:
    both = repository(document(LINES), document({"required": ["total"]}, {"version": 2}))
    past = one(check([event({"lines": []}), event({"total": 1}), event({})], both))
    assert (past.checked, past.rejected) == (3, 1)
    assert past.reasons[0].path == "/total"  # told by the newest


def test_what_the_former_contract_refused_already_is_told_apart() -> None:
    former, new = repository(document({"required": ["lines"]})), repository(document(LINES))
    past = one(check([event({}), event({"lines": "x"}), event({"lines": []})], new, former))
    assert (past.checked, past.rejected, past.already) == (3, 2, 1)


def test_an_event_without_a_contract_is_counted_apart() -> None:
    found = check([event({}, kind="Unknown"), event({"lines": []})], repository(document(LINES)))
    assert (found.checked, found.rejected, found.uncovered) == (1, 0, 1)


def test_personal_values_are_not_shown() -> None:
    schema = {"properties": {"buyer": {"type": "string", "maxLength": 3}}}
    past = one(check([event({"buyer": "Ada Byron"})], repository(document(schema, {"pii": ["buyer"]}))))
    assert past.rejected == 1
    assert "Byron" not in repr(past)


def test_no_more_samples_are_kept_than_asked_for() -> None:
    assert len(one(check([event({})] * 9, repository(document(LINES)), samples=2)).samples) == 2


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"source": 1, "detail-type": "x", "detail": {}}', b'{"detail": {}}'])
def test_what_is_no_event_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidRequest, match="no event"):
        check([text], repository(document(LINES)))
