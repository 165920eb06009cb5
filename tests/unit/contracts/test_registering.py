"""Contracts in a registry: what is put there, what is planned, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventyard.contract import Repository, from_files
from eventyard.contracts.registering import DOCUMENT, FILES, Step, content_of, newest, plan, read_content, safe
from eventyard.errors import InvalidRequest

from .documents import VIN, VIN_URL, document, sold

NAME = "uk.co.cars@CarSold"


def repository(*documents: str, atom: str = json.dumps(VIN)) -> Repository:
    found = from_files({"atoms/vin.json": atom, **{f"events/{at}.md": text for at, text in enumerate(documents)}})
    assert all(each.contract for each in found.documents)
    return found


def done(steps: list[Step], stored: dict[str, list[str]]) -> dict[str, list[str]]:
    """What is stored after ``steps``."""
    after = {name: list(contents) for name, contents in stored.items()}
    for step in steps:
        if step.action in ("create", "add-version"):
            after.setdefault(step.name, []).insert(0, step.content)
        elif step.action == "delete":
            del after[step.name]
    return after


def told(steps: list[Step]) -> list[tuple[str, int]]:
    return [(step.action, step.version) for step in steps]


def test_the_content_is_draft_4_with_the_document_in_it() -> None:
    known = repository(document(sold()))
    text, left_out = content_of(known.contracts[0], known)
    content = json.loads(text)
    assert content["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert content["properties"]["vin"] == {"$ref": "#/definitions/vin"}
    assert content["definitions"]["vin"]["pattern"] == VIN["pattern"]
    assert content[DOCUMENT] == document(sold())
    assert content["x-eventyard-atoms"] == {VIN_URL: VIN}
    assert left_out == ()


def test_what_draft_4_cannot_say_is_named() -> None:
    known = repository(document({"type": "array", "contains": True, "maxContains": 2}))
    assert content_of(known.contracts[0], known)[1] == ("# maxContains",)


def test_every_text_comes_back_byte_for_byte() -> None:
    written = (document(sold()) + "\n\ntrailing  \n", json.dumps(VIN, indent="\t") + "\r\n")
    known = repository(written[0], atom=written[1])
    stored = read_content(content_of(known.contracts[0], known)[0])
    assert stored is not None
    assert stored.files() == {"events/0.md": written[0], "atoms/vin.json": written[1]}


def test_only_what_changed_gets_a_new_version() -> None:
    first = repository(document(sold()))
    steps = plan(first, {})
    assert told(steps) == [("create", 1)]
    there = done(steps, {})
    assert told(plan(first, there)) == [("unchanged", 1)]
    changed = repository(document(sold(note={})))
    assert told(plan(changed, there)) == [("add-version", 1)]
    assert told(plan(changed, done(plan(changed, there), there))) == [("unchanged", 1)]


def test_a_changed_atom_is_a_change() -> None:
    there = done(plan(repository(document(sold())), {}), {})
    assert told(plan(repository(document(sold()), atom=json.dumps(VIN, indent=2)), there)) == [("add-version", 1)]


def test_versions_of_an_event_are_versions_there_and_the_newest_is_on_top() -> None:
    one, two = document(sold()), document(sold(note={}), {"version": 2})
    both = repository(two, one)
    steps = plan(both, {})
    assert told(steps) == [("create", 1), ("add-version", 2)]
    there = done(steps, {})
    assert sorted(newest(there[NAME])) == [1, 2]
    # When the older one changes, the newest is put on top again.
    changed = repository(two, document(sold(), prose="It was sold."))
    steps = plan(changed, there)
    assert told(steps) == [("add-version", 1), ("add-version", 2)]
    there = done(steps, there)
    top = read_content(there[NAME][0])
    assert top is not None
    assert top.contract.version == 2
    assert told(plan(changed, there)) == [("unchanged", 1), ("unchanged", 2)]


def test_what_is_not_in_the_folder_is_left_unless_pruned_and_other_schemas_always() -> None:
    there = done(plan(repository(document(sold())), {}), {"other": ['{"type": "object"}']})
    nothing = repository()
    assert [(step.action, step.name) for step in plan(nothing, there)] == [("leave", NAME)]
    assert [(step.action, step.name) for step in plan(nothing, there, prune=True)] == [("delete", NAME)]


def test_names_that_no_registry_takes_are_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"events/0.md: a registry takes no name like 'uk.co.cars@Car Sold'"):
        plan(repository(document(sold(), {"type": "Car Sold"})), {})


def test_a_contract_that_is_too_large_is_refused() -> None:
    known = repository(document(sold(), None, {"vin": "x" * 100_000}))
    with pytest.raises(InvalidRequest, match=r"events/0\.md takes 1"):
        plan(known, {})


@pytest.mark.parametrize(
    "path",
    ["/etc/x.md", "../x.md", "a/../../x.md", "a\\x.md", "C:x.md", ".git/x.md", "x.txt", "x", "", 1, None, "a/\0.md"],
)
def test_a_registry_does_not_say_where_files_go_outside_of_the_folder(path: Any) -> None:
    assert safe(path, ".md") is None
    known = repository(document(sold()))
    content = json.loads(content_of(known.contracts[0], known)[0])
    content[FILES] = {"document": path, "atoms": {VIN_URL: {"path": path, "text": "{}"}}}
    stored = read_content(json.dumps(content))
    assert stored is not None
    assert sorted(stored.files()) == ["atoms/schema.example.com-atoms-vin.json", "events/uk.co.cars-CarSold.v1.md"]
    # A text that says something else than the atom is not believed.
    assert json.loads(stored.files()["atoms/schema.example.com-atoms-vin.json"]) == VIN


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"x-eventyard-document": 1}', '{"x-eventyard-document": "# None"}'])
def test_other_content_is_no_contract(text: str) -> None:
    assert read_content(text) is None


def test_content_without_paths_has_files_named_after_it() -> None:
    known = repository(document(sold()))
    content = json.loads(content_of(known.contracts[0], known)[0])
    del content[FILES]
    stored = read_content(json.dumps(content))
    assert stored is not None
    assert stored.path == "events/uk.co.cars-CarSold.v1.md"
