"""What is read from programs that are being typed, and that nothing in them makes the reader fail."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventyard.lsp.calls import Node, calls, cursor
from eventyard.lsp.payload import Payload
from tests.unit.forms.contracts import ALL, EVERYTHING, MESSAGE


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('events.put("A")', ["A"]),
        ('await self.events.put("A", {})', ["A"]),
        ('self._events.put("A")', ["A"]),
        ('client = EventClient("x")\nclient.put("A")', ["A"]),
        ('client: SyncEventClient\nclient.put("A")', ["A"]),
        ('async with eventyard.EventClient("x", a=(1, 2)) as out:\n    await out.put("A")', ["A"]),
        ('my_events.put("A")', ["A"]),
        ('@handler("A", source="b")', ["A"]),
        ('@eventyard.handler("A")', ["A"]),
        ('queue.put("A")', []),
        ("events.put(name)", []),
        ('events.put(f"{name}")', []),
        ('events.put(b"A")', []),
        ('events.put("A" + name)', []),
        ('events.get("A")', []),
        ('# events.put("A")', []),
        ("text = 'events.put(\"A\")'", []),
        ('"""\nevents.put("A")\n"""', []),
        ("events.put('''A''')", ["A"]),
        ('events.put(r"A\\b")', ["A\\b"]),
        ('handler("A")', []),
    ],
)
def test_calls_are_found_and_nothing_else(text: str, wanted: list[str]) -> None:
    assert [call.type for call in calls(text)] == wanted


def _value(node: Node) -> Any:
    if node.kind == "object":
        return {member.name: _value(member.value) for member in node.members if member.value}
    return [_value(item) for item in node.items] if node.kind == "array" else node.value


def _known(node: Node) -> bool:
    inner = [member.value for member in node.members if member.value] + node.items
    return node.kind != "unknown" and node.closed and not node.open and all(map(_known, inner))


_LITERALS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), _LITERALS, max_size=4))
def test_a_literal_is_read_as_python_reads_it(value: dict[str, Any]) -> None:
    (call,) = calls(f"events.put('A', {value!r})")
    assert call.detail is not None
    assert _known(call.detail)
    assert _value(call.detail) == value


_PIECES = st.sampled_from(
    [
        "events.put(",
        '"A"',
        "'b",
        '"""',
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ",",
        ":",
        "*",
        "**",
        "x",
        "1",
        "-",
        "\n",
        "#",
        "\\",
        "f'",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=40).map("".join))
@example("events.put('b\\n")
@example('events.put("A", {' * 200)
@example('events.put("A", ' + "[" * 5000)
def test_no_text_makes_the_reader_fail_or_hang(text: str) -> None:
    for call in calls(text):
        assert ast.literal_eval(call.event.text) == call.type
    cursor(text)


@pytest.mark.parametrize(
    ("text", "place", "path", "written"),
    [
        ('events.put("', "event", (), ()),
        ('events.put("A", {', "key", (), ()),
        ('events.put("A", {"a": 1, "', "key", (), ("a",)),
        ('events.put("A", {"a": ', "value", ("a",), ()),
        ('events.put("A", {"a": "', "value", ("a",), ()),
        ('events.put("A", {"a": [{"b": 1}, {"', "key", ("a", 1), ()),
        ('events.put("A", detail={"', "key", (), ()),
        ('events.put("A", key="k", detail={"', "key", (), ()),
        ('events.put("A", {\nevents.put("B", {"b": 1, "', "key", (), ("b",)),
    ],
)
def test_the_cursor_is_found_where_writing_goes_on(
    text: str, place: str, path: tuple[str | int, ...], written: tuple[str, ...]
) -> None:
    found = cursor(text)
    assert found is not None
    assert (found.place, found.path, found.written) == (place, path, written)


def test_nothing_is_being_written_behind_a_call_that_is_complete() -> None:
    assert cursor('events.put("A", {"a": 1})') is None
    assert cursor("") is None


@given(st.data())
def test_a_valid_payload_has_no_problem_whatever_of_it_can_not_be_seen(data: st.DataObject) -> None:
    payload = Payload(EVERYTHING, ALL.atoms)
    hidden = data.draw(st.sets(st.sampled_from(sorted(MESSAGE))))
    inner = ", ".join(f"{name!r}: {'x' if name in hidden else repr(value)}" for name, value in MESSAGE.items())
    (call,) = calls(f"events.put('A', {{{inner}}})")
    assert call.detail is not None
    assert payload.problems(call.detail) == []


def test_conditions_on_what_can_not_be_seen_are_no_problem() -> None:
    from eventyard.contract import Contract

    schema = {
        "type": "object",
        "properties": {"kind": {"type": ["string", "null"]}},
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["x"]},
        "else": {"required": ["y"]},
    }
    payload = Payload(Contract(type="A", publisher="b", source="b", schema=schema), {})
    (unseen,) = calls("events.put('A', {'kind': kind})")
    (seen,) = calls("events.put('A', {'kind': 'b'})")
    assert unseen.detail is not None
    assert seen.detail is not None
    assert payload.problems(unseen.detail) == []
    assert [each.message for each in payload.problems(seen.detail)] == ["y is missing"]
