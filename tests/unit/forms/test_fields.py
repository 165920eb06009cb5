"""A message goes into a form and comes out of it as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.contract import Contract
from eventyard.forms import Form
from eventyard.forms.control import Control
from eventyard.forms.form import Box
from tests.unit.forms.contracts import ALL, CARS, EVERYTHING, MESSAGE, form

CONTRACTS = [*((CARS, contract) for contract in CARS.contracts), (ALL, EVERYTHING)]
_NAMES = [f"{contract.type}-{contract.version}" for _, contract in CONTRACTS]
FORMS = [form(*each) for each in CONTRACTS]


@pytest.mark.parametrize("one", FORMS, ids=_NAMES)
def test_every_example_comes_out_as_it_went_in(one: Form) -> None:
    assert one.contract.examples
    for example in one.contract.examples:
        entered = one.read(one.fill(example.detail))
        assert entered.message == example.detail
        assert entered.valid


def _controls(each: Box | Control) -> list[Control]:
    inner = [control for part in each.parts for control in _controls(part)]
    return [each, *inner] if isinstance(each, Control) else inner


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_a_form_says_is_valid_or_the_form_shows_what_is_not(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(FORMS) - 1))
    one, (repository, contract) = FORMS[at], CONTRACTS[at]
    fields = one.fill(data.draw(st.sampled_from(contract.examples)).detail)
    for name in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=4)):
        change = data.draw(st.sampled_from(["", "0", "1", "99", "abc", "-1", "null", "true", "empty", None]))
        fields.pop(name, None)
        if change is not None:
            fields[name] = change
    entered = one.read(fields)
    if entered.valid:
        assert not repository.validator(contract).violations(entered.message)
    box, root = one.boxes(fields, entered.errors, None)
    shown = {control.way for control in (*_controls(box), root) if control.errors}
    assert shown == set(entered.errors), "every error is at a control"


@pytest.mark.parametrize(
    ("change", "way", "words"),
    [
        ({"v/name": "A"}, "/name", "at least 2 characters"),
        ({"v/name": ""}, "/name", "name is missing"),
        ({"v/age": "old"}, "/age", "expected a number"),
        ({"v/age": "1.5"}, "/age", "expected integer"),
        ({"v/agreed": ""}, "/agreed", "agreed is missing"),
        ({"v/day": "5.12.2026"}, "/day", "a date"),
        ({"n/tags": "5"}, "/tags", "at most 4 items"),
        ({"v/points/0/x": ""}, "/points/0/x", "x is missing"),
        ({"v/points/1/y": "NaN"}, "/points/1/y", "expected a number"),
        ({"v/labels/*/0": "x"}, "/labels/*/0", "expected a number"),
        ({"k/labels/*/1": "a/b"}, "/labels/*/1", "there already"),
        ({"v/pay/=1/iban": "GB"}, "/pay/=1/iban", "at least 5 characters"),
        ({"c/pay": "0"}, "/pay/=0/digits", "digits is missing"),
        ({"c/either": "0", "v/either/=0": ""}, "", ""),
        ({"v/free": "{"}, "/free", "expected JSON"),
        ({"v/free": "[" * 5000}, "/free", "expected JSON"),
        ({"v/part/parts/1/id": "", "s/part/parts/1/id": "absent"}, "/part/parts/1/id", "id is missing"),
    ],
)
def test_an_error_is_told_where_it_is_mended(change: dict[str, str], way: str, words: str) -> None:
    one = FORMS[-1]
    errors = one.read(one.fill(MESSAGE) | change).errors
    if not way:
        assert errors == {}
    elif way == "/tags":
        assert words in errors[way][0]
    else:
        assert list(errors) == [way]
        assert words in errors[way][0]


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"v/note": ""}, "note", ...),
        ({"v/note": "", "s/note": "null"}, "note", None),
        ({"v/note": "", "s/note": "empty"}, "note", ""),
        ({"v/note": "a\r\nb"}, "note", "a\nb"),
        ({"v/spam": "null"}, "spam", None),
        ({"v/spam": ""}, "spam", ...),
        ({"s/maybe": "null"}, "maybe", None),
        ({}, "maybe", ...),
        ({"p/maybe": "1"}, "maybe", {}),
        ({"n/tags": "0"}, "tags", []),
        ({"n/pair": "0", "s/pair": "empty"}, "pair", []),
        ({"n/pair": "0"}, "pair", ...),
        ({"v/size": "3"}, "size", None),
        ({"v/level": "1"}, "level", 2),
        ({"v/level": "9"}, "level", ...),
        ({"n/tags": "-1"}, "tags", []),
        ({"n/tags": "99999999999999"}, "tags", []),
        ({"v/age": "007"}, "age", "007"),
    ],
)
def test_what_an_empty_field_means_can_be_said(fields: dict[str, str], name: str, value: Any) -> None:
    message = FORMS[-1].read(fields).message
    assert message.get(name, ...) == value


def test_buttons_add_remove_and_move() -> None:
    one = FORMS[-1]
    fields = one.fill(MESSAGE | {"tags": ["a", "b", "c"]})
    for action, tags, focus in [
        ("add:/tags", ["a", "b", "c", None], "/tags/3"),
        ("remove:/tags/3", ["a", "b", "c"], "/tags/2"),
        ("up:/tags/2", ["a", "c", "b"], "/tags/1"),
        ("down:/tags/0", ["c", "a", "b"], "/tags/1"),
        ("down:/tags/2", ["c", "a", "b"], "/tags/2"),
        ("up:/tags/0", ["c", "a", "b"], "/tags/0"),
        ("remove:/tags/0", ["a", "b"], "/tags/0"),
        ("remove:/tags/7", ["a", "b"], "/tags"),
    ]:
        fields, found = one.act(fields, action)
        assert (action, one.read(fields).message["tags"], found) == (action, tags, focus)
    fields, _ = one.act(fields, "cut:/part")
    assert "part" not in one.read(fields).message
    assert not [name for name in fields if name.startswith(("v/part/", "n/part/"))]
    fields, _ = one.act(fields, "put:/part")
    assert one.read(fields).message["part"] == {}
    fields, _ = one.act(fields, "remove:/labels/*/0")
    assert one.read(fields).message["labels"] == {"ü ~": 2}


def test_a_contract_without_an_example_begins_empty() -> None:
    bare = Contract(type="A", publisher="b", source="b", schema={"properties": {"x": {"type": "string"}}})
    assert Form(bare, {}).start() == {}
    assert Form(bare, {}).read({}).message == {}
