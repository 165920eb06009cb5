"""Two states of a repository: what came, went and changed, by name and version, and whom it breaks."""

from __future__ import annotations

from datetime import date
from typing import Any

from eventyard.contract import Repository, from_files
from eventyard.contracts.compatibility import EventChange, compare

from .documents import VIN, document, sold

TODAY = date(2026, 11, 25)
NOTE = {"type": "string"}


def repository(*documents: str, vin: dict[str, Any] = VIN) -> Repository:
    import json

    files: dict[str, str | None] = {f"events/{at}.md": text for at, text in enumerate(documents)}
    found = from_files({"atoms/vin.json": json.dumps(vin), **files})
    assert all(each.contract for each in found.documents)
    return found


def one(old: Repository, new: Repository, **how: Any) -> EventChange:
    (found,) = compare(old, new, TODAY, **how)
    return found


def told(change: EventChange) -> tuple[str, bool]:
    return change.status, change.breaking


def test_what_is_the_same_is_unchanged() -> None:
    same = repository(document(sold()))
    assert told(one(same, same)) == ("unchanged", False)


def test_other_words_for_the_same_schema_break_nobody() -> None:
    other = {**sold(), "required": ["vin"], "allOf": [{"title": "the same"}]}
    change = one(repository(document(sold())), repository(document(other)))
    assert told(change) == ("changed", False)
    assert [verdict.outcome for verdict in change.verdicts] == ["compatible", "compatible"]


def test_a_new_event_breaks_nobody_and_a_removed_one_its_subscribers() -> None:
    none, there = repository(), repository(document(sold()))
    assert told(one(none, there)) == ("added", False)
    removed = one(there, none)
    assert (*told(removed), removed.subscribers) == ("removed", True, ("finance",))


def test_an_event_may_go_after_its_sunset() -> None:
    past, future = (repository(document(sold(), {"sunset": day})) for day in ("2026-11-25", "2026-11-26"))
    assert not one(past, repository()).breaking
    assert one(future, repository()).breaking


def test_a_renamed_event_is_pointed_out() -> None:
    removed, added = compare(repository(document(sold())), repository(document(sold(), {"type": "VehicleSold"})), TODAY)
    assert (removed.status, added.status) == ("removed", "added")
    assert "uk.co.cars@VehicleSold" in removed.notes[0]


def test_a_new_version_beside_the_old_one_breaks_nobody() -> None:
    old = document(sold())
    new = document(sold(("vin", "note"), note=NOTE), {"version": 2})
    first, second = compare(repository(old), repository(old, new), TODAY)
    assert [told(first), told(second)] == [("unchanged", False), ("new-version", False)]
    assert {verdict.outcome for verdict in second.verdicts} == {"breaking"}


def test_a_new_version_without_the_old_one_breaks_as_its_schema_does() -> None:
    old = repository(document(sold()))
    replaced = one(old, repository(document(sold(("vin", "note"), note=NOTE), {"version": 2})))
    assert told(replaced) == ("replaced", True)
    assert told(one(old, repository(document(sold(), {"version": 2})))) == ("replaced", False)


def test_a_changed_atom_changes_the_events_that_refer_to_it() -> None:
    change = one(repository(document(sold())), repository(document(sold()), vin={**VIN, "pattern": "^[0-9]+$"}))
    assert told(change) == ("changed", True)
    assert [each.path for each in change.changes] == ["/vin"]


def test_a_reason_names_the_member_and_whom_it_can_break() -> None:
    change = one(repository(document(sold(note=NOTE))), repository(document(sold(("vin", "note"), note=NOTE))))
    (reason,) = change.changes
    assert (reason.path, reason.keyword, reason.breaks) == ("/note", "required", ("publishers",))
    assert {verdict.direction: verdict.outcome for verdict in change.verdicts} == {
        "subscribers": "compatible",
        "publishers": "breaking",
    }


def test_a_renamed_member_is_pointed_out() -> None:
    change = one(repository(document(sold(note=NOTE))), repository(document(sold(remark=NOTE))))
    assert "renamed to remark" in change.changes[0].message


def test_one_direction_can_be_asked_for() -> None:
    old, new = repository(document(sold())), repository(document(sold(note=NOTE)))
    assert one(old, new).breaking
    assert not one(old, new, directions=("publishers",)).breaking


def test_members_that_nobody_named_can_be_left_out_of_account() -> None:
    def opened(**members: Any) -> dict[str, Any]:
        return {**sold(**members), "additionalProperties": True}

    old, new = repository(document(opened())), repository(document(opened(note=NOTE)))
    assert one(old, new).breaking
    assert not one(old, new, only_declared=True).breaking


def test_changed_settings_are_noted() -> None:
    change = one(
        repository(document(sold())), repository(document(sold(), {"subscribers": ["crm"], "owner": "team-sales"}))
    )
    assert told(change) == ("changed", False)
    assert change.notes == (
        "owner was not given, and is team-sales now.",
        "subscribers: crm added.",
        "subscribers: finance removed.",
    )


def test_an_event_that_moves_to_another_bus_breaks_those_on_the_old_one() -> None:
    here, there = (repository(document(sold(), {"bus": bus})) for bus in ("sales", "cars"))
    moved = one(here, there)
    assert told(moved) == ("changed", True)
    assert moved.notes == ("It moves from bus sales to bus cars: subscribers on sales see nothing any more.",)
    default, unsaid = repository(document(sold(), {"bus": "default"})), repository(document(sold()))
    assert one(unsaid, here).breaking
    assert not one(unsaid, default).breaking


def test_a_version_that_replaces_another_on_another_bus_breaks() -> None:
    old, new = repository(document(sold())), repository(document(sold(), {"version": 2, "bus": "cars"}))
    replaced = one(old, new)
    assert told(replaced) == ("replaced", True)
    assert "It moves from bus default to bus cars" in replaced.notes[-1]


def test_another_source_is_another_event() -> None:
    removed, added = compare(
        repository(document(sold())), repository(document(sold(), {"source": "uk.co.other"})), TODAY
    )
    assert (told(removed), told(added)) == (("removed", True), ("added", False))
    assert "uk.co.other@CarSold" in removed.notes[0]
    assert "rules for uk.co.cars@CarSold see nothing of it" in removed.notes[0]
