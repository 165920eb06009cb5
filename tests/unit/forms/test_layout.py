"""JSON Forms' UI schema, taken or refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from eventyard.errors import InvalidRequest
from eventyard.forms import Form, ui_of
from eventyard.forms.control import Control
from eventyard.forms.form import Box
from tests.unit.forms.contracts import ALL, EVERYTHING, form


def _outline(each: Box | Control) -> Any:
    if isinstance(each, Control):
        return each.way, each.label, each.kind
    return each.type, each.label, [_outline(part) for part in each.parts]


def test_the_layout_of_a_document_is_followed_and_what_it_forgets_comes_last() -> None:
    box, _ = form(ALL, EVERYTHING).boxes({"v/note": "x"}, {}, None)
    kind, _, (main, (group, label, others)) = _outline(box)
    assert (kind, group, label) == ("VerticalLayout", "Group", "Other fields")
    assert main[2][0] == (
        "HorizontalLayout",
        "",
        [("/name", "Full name", "line"), ("/age", "Age", "line")],
    )
    assert main[2][1] == (
        "Group",
        "More about it",
        [("Label", "Say what you like.", []), ("/note", "Note", "long")],
    )
    assert [each[0] for each in others[:3]] == ["/kind", "/agreed", "/spam"]


def test_a_document_without_a_layout_is_shown_from_top_to_bottom() -> None:
    assert ui_of("# A\n```yaml\ntype: A\n```\n") is None
    box, _ = Form(EVERYTHING, {}).boxes({}, {}, None)
    assert [part.way for part in box.parts if isinstance(part, Control)][:3] == ["/name", "/age", "/note"]


@pytest.mark.parametrize(
    ("ui", "words"),
    [
        ([], "no element with a type"),
        ({"type": "Categorization"}, "has a Categorization; there are Control, Label"),
        ({"type": "Group", "rule": {}}, "says rule, which is not supported"),
        ({"type": "Control", "scope": "#/properties/part/properties/id"}, "members of the event"),
        ({"type": "Control", "scope": 3}, "members of the event"),
        ({"type": "Control", "scope": "#/properties/unheard"}, "a Control for unheard, which the schema has not"),
        ({"type": "Control", "scope": "#/properties/name", "options": {"slider": True}}, "multi: true"),
        ({"type": "VerticalLayout", "elements": {}}, "no list"),
        (
            {"type": "VerticalLayout", "elements": [{"type": "Control", "scope": "#/properties/name"}] * 2},
            "two Controls",
        ),
        ({"type": "Group", "label": 3}, "no text"),
    ],
)
def test_what_a_layout_can_not_say_is_refused(ui: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        Form(EVERYTHING, {}, ui)


def test_the_block_is_no_part_of_the_description() -> None:
    assert EVERYTHING.description == "All **kinds** of values."


def test_a_broken_block_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="can't be read"):
        ui_of("# A\n```yaml ui\na: [\n```\n")
