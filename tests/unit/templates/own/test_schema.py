"""The schema for editors and the reader are made of one table, and say the same of every file."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.templates.own import FILE, schema
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
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2_000_000)
    | st.sampled_from(["", "a", "arn:aws:sqs:x", "${a}", "warn"]),
    lambda inner: st.lists(inner, max_size=2) | _named(inner),
    max_leaves=4,
)


def _of(form: Form) -> st.SearchStrategy[Any]:
    """Values that mostly have the form, and now and then don't."""
    match form:
        case Text(choices=choices):
            good = st.sampled_from(choices) if choices else st.sampled_from(["a", "arn:aws:x", "https://a", 3, True])
        case Number(least=least, most=most):
            good = st.integers(least - 1, (most or least + 9) + 1)
        case Flag():
            good = st.booleans()
        case Anything():
            return _JSON
        case Open():
            good = _named(_JSON)
        case ListOf(item=item, alone=alone):
            good = st.lists(_of(item), max_size=2) | (_of(item) if alone else st.nothing())
        case MapOf(value=value, empty=empty):
            good = st.dictionaries(
                st.sampled_from("ab"), _of(value) | (st.none() if empty else st.nothing()), max_size=2
            )
        case Fields():
            good = _fields(form)
        case Short(text=text, long=long):
            good = _of(text) | _fields(long)
    return st.one_of(*[good] * 9, _JSON)


def _fields(form: Fields) -> st.SearchStrategy[Any]:
    needed = {name for name, field in form.fields.items() if field.required}
    chosen = st.sets(st.sampled_from([*form.fields, "unknown_key"]), max_size=4).map(lambda some: some | needed)
    values = {name: _of(field.form) for name, field in form.fields.items()} | {"unknown_key": _JSON}
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: values[name] for name in sorted(names)}))


@given(_of(FILE))
@settings(max_examples=150, deadline=None)
def test_reader_and_schema_agree(value: Any) -> None:
    assert (not list(check(FILE, value))) == _VALIDATOR.is_valid(value), list(check(FILE, value))
