"""The schema for editors and the reader are made of one table, and say the same of every file."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.templates.own import FILE, read_own, schema
from eventyard.templates.own.forms import (
    Anything,
    Fields,
    Flag,
    Form,
    ListOf,
    MapOf,
    Number,
    Open,
    Short,
    Text,
    check,
)


def _named(value: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(["a", "queue", "bus"]), value, max_size=2)


_VALIDATOR = jsonschema_rs.Draft7Validator(schema(FILE))
_TEXTS = ("a", "default", "arn:aws:sqs:x", "https://a", "${a}", "${env:HOME}", "${AWS::Region}")
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2_000_000)
    | st.sampled_from(["", "a", "arn:aws:sqs:x", "${a}", "warn"]),
    lambda inner: st.lists(inner, max_size=2) | _named(inner),
    max_leaves=4,
)


def _of(form: Form, right: bool = False) -> st.SearchStrategy[Any]:
    """Values that mostly have the form, and now and then don't; with ``right`` all have it."""
    match form:
        case Text(choices=choices, pattern=pattern):
            texts = (
                [text for text in _TEXTS if not pattern or re.fullmatch(pattern, text)] if right else [*_TEXTS, 3, True]
            )
            good = st.sampled_from(choices) if choices else st.sampled_from(texts)
        case Number(least=least, most=most):
            good = st.integers(least, most or least + 9) if right else st.integers(least - 1, (most or least + 9) + 1)
        case Flag():
            good = st.booleans()
        case Anything():
            return _JSON
        case Open():
            good = _named(_JSON)
        case ListOf(item=item, alone=alone, least=least):
            inner = _of(item, right)
            good = st.lists(inner, min_size=least, max_size=2) | (inner if alone else st.nothing())
        case MapOf(value=value, empty=empty):
            good = _named(_of(value, right) | (st.none() if empty and not right else st.nothing()))
        case Fields():
            good = _fields(form, right)
        case Short(text=text, long=long):
            good = _of(text, right) | _fields(long, right)
    return good if right else st.one_of(*[good] * 9, _JSON)


def _fields(form: Fields, right: bool) -> st.SearchStrategy[Any]:
    values = {name: _of(field.form, right) for name, field in form.fields.items()} | {"unknown_key": _JSON}
    needed = {name for name, field in form.fields.items() if field.required}
    groups = [st.sampled_from(group) for group in (*form.one_of, *form.some_of)] if right else []
    exclusive = {name for group in form.one_of for name in group} if right else set()
    others = [name for name in values if name not in exclusive and not (right and name == "unknown_key")]

    def chosen(names: tuple[set[str], tuple[str, ...]]) -> st.SearchStrategy[Any]:
        return st.fixed_dictionaries({name: values[name] for name in sorted(names[0] | needed | {*names[1]})})

    return st.tuples(st.sets(st.sampled_from(others), max_size=4), st.tuples(*groups)).flatmap(chosen)


@given(_of(FILE))
@settings(max_examples=150, deadline=None)
def test_reader_and_schema_agree(value: Any) -> None:
    found = list(check(FILE, value))
    assert (not found) == _VALIDATOR.is_valid(value), found


@given(_of(FILE, True) | _of(FILE))
@settings(max_examples=150, deadline=None)
def test_whatever_a_file_says_is_answered_with_a_stack_or_with_findings(value: Any) -> None:
    stack, found = read_own([("eventyard.yml", json.dumps(value))], "s", environment={"HOME": "here"})
    assert (stack is None) == any(each.severity == "error" for each in found)
    assert all(each.line >= 1 and each.column >= 1 for each in found)


@given(_of(FILE, True))
@settings(max_examples=50, deadline=None)
def test_the_right_values_are_right(value: Any) -> None:
    assert list(check(FILE, value)) == []
