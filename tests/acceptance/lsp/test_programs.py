"""What an editor is offered while somebody writes a program that publishes events."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.acceptance.lsp.conftest import EVENTS, Editor, position

_HEAD = "from eventyard import EventClient\n\nevents = EventClient('contracts')\n\n\nasync def sell() -> None:\n"


pytestmark = pytest.mark.asyncio(loop_scope="module")


def _labels(items: list[types.CompletionItem]) -> list[str]:
    return [item.label for item in items]


async def test_the_names_of_events_are_completed_in_put_and_handler(editor: Editor) -> None:
    at = editor.open("a.py", _HEAD + '    await events.put("Deli|')
    items = await editor.completions("a.py", at)
    assert _labels(items) == EVENTS
    item = next(each for each in items if each.label == "DeliveryScheduled")
    assert isinstance(item.text_edit, types.TextEdit)
    assert (item.text_edit.new_text, item.text_edit.range.end) == ("DeliveryScheduled", at)
    assert item.text_edit.range.start.character == at.character - len("Deli")
    at = editor.open("b.py", '@handler("|")\nasync def f(event): ...\n')
    assert _labels(await editor.completions("b.py", at)) == EVENTS


async def test_nothing_is_offered_for_what_is_no_client(editor: Editor) -> None:
    at = editor.open("a.py", 'queue.put("|')
    assert await editor.completions("a.py", at) == []


async def test_members_are_completed_the_required_ones_first(editor: Editor) -> None:
    at = editor.open("a.py", _HEAD + '    await events.put("DeliveryScheduled", {"|')
    items = await editor.completions("a.py", at)
    assert _labels(items)[:4] == ["vrm", "make", "amount", "slot"]
    assert "order_number" in _labels(items)[4:]
    by_name = {item.label: item for item in items}
    assert by_name["amount"].detail == "integer (required)"
    assert by_name["slot"].detail == "string (date) (required)"
    assert isinstance(by_name["vrm"].documentation, types.MarkupContent)
    assert "number plate" in by_name["vrm"].documentation.value


async def test_what_is_written_already_is_not_offered_again(editor: Editor) -> None:
    text = '    await events.put("DeliveryScheduled", {"vrm": vrm, |"slot": day(1, [2])})\n'
    labels = _labels(await editor.completions("a.py", editor.open("a.py", _HEAD + text)))
    assert "make" in labels
    assert not {"vrm", "slot"} & set(labels)


async def test_members_of_inner_objects_and_values_of_enums_are_completed(editor: Editor) -> None:
    text = _HEAD + '    await events.put("DeliveryScheduled", {"delivery_slot": {"|'
    at = editor.open("a.py", text)
    assert _labels(await editor.completions("a.py", at))[:2] == ["date", "window"]
    at = editor.change("a.py", text.replace("|", 'window": "|'))
    assert _labels(await editor.completions("a.py", at)) == ["afternoon", "evening", "morning"]
    at = editor.change("a.py", text.replace("|", 'window": |'))
    assert _labels(await editor.completions("a.py", at)) == ['"afternoon"', '"evening"', '"morning"']


async def test_hovering_over_an_event_shows_its_contract_and_over_a_member_what_it_is(editor: Editor) -> None:
    text = _HEAD + '    await events.put("Delivery|Scheduled", {"amount": 1})\n'
    told = await editor.hover("a.py", editor.open("a.py", text))
    assert told is not None
    assert "### Delivery Scheduled" in told
    assert "`logistics`" in told
    assert "- `vrm` (required): string" in told
    assert "```json" in told
    at = editor.change("a.py", text.replace("|", "").replace("amount", "amo|unt"))
    member = await editor.hover("a.py", at)
    assert member is not None
    assert member.startswith("`amount`: integer, required")
    assert await editor.hover("a.py", types.Position(0, 0)) is None


_VALID = '{"vrm": "AB12 CDE", "make": "Volvo", "amount": 20750, "slot": "2026-12-05"}'


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (_VALID, []),
        ("payload", []),
        ("{**payload}", []),
        ("{'vrm': car.vrm, 'make': make(), 'amount': 1 + x, 'slot': f'{day}'}", []),
        ("{key: 1}", []),
        ("{}", [("required", "vrm, make, amount, slot are missing")]),
        ("{'vrm': vrm, 'make': 'Volvo', 'slot': day}", [("required", "amount is missing")]),
        ("{'vrm': vrm, 'make': 'Volvo', 'slot': day, 'amount': 'much'}", [("type", 'expected integer, got "much"')]),
        ("{'vrm': vrm, 'make': 'Volvo', 'slot': 'soon', 'amount': 1}", [("format", 'expected a date, got "soon"')]),
        ("{'vrm': vrm, 'make': 'Volvo', 'slot': day, 'amount': 1, 'colour': c}",
         [("additionalProperties", "colour is not in the contract")]),
        ("{'vrm': vrm, 'make': m, 'slot': d, 'amount': -1}", [("minimum", "expected >= 0, got -1")]),
        ("{'vrm': v, 'make': m, 'slot': d, 'amount': 1, 'delivery_slot': {'date': x}}",
         [("required", "window is missing")]),
        ("{'vrm': v, 'make': m, 'slot': d, 'amount': 1, 'delivery_slot': {'date': x, **more}}", []),
    ],
)  # fmt: skip
async def test_payloads_that_break_the_contract_for_sure_are_marked(
    editor: Editor, payload: str, wanted: list[tuple[str, str]]
) -> None:
    editor.open("a.py", f'{_HEAD}    await events.put("DeliveryScheduled", {payload})\n')
    found = await editor.diagnostics("a.py")
    assert [(each.code, each.message) for each in found] == wanted
    assert all(each.range.start.line == 6 and each.source == "eventyard" for each in found)


async def test_an_unknown_event_is_marked_and_a_program_that_is_broken_is_no_reason_to_fail(editor: Editor) -> None:
    editor.open("a.py", _HEAD + '    await events.put("DeliveryPlanned", {})\n')
    (found,) = await editor.diagnostics("a.py")
    assert (found.code, found.message) == ("unknown-event", "There is no contract for DeliveryPlanned.")
    assert found.severity == types.DiagnosticSeverity.Warning
    for broken in (
        'events.put("DeliveryScheduled", {"vrm": [1, {',
        'events.put("',
        "'''",
        ")]}{[(",
        'events.put("A" 1',
    ):
        editor.change("a.py", broken)
        await editor.diagnostics("a.py")


async def test_places_are_counted_as_the_editor_counts_them(editor: Editor) -> None:
    text = 'events.put("DeliveryScheduled", {"make": "😀😀", "slot": d, "amount": 1, "vrm": "ab"})\n'
    editor.open("a.py", text)
    (found,) = await editor.diagnostics("a.py")
    assert found.range.start == position(text[: text.index('"ab"')])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{"vrm": "AB12 CDE", "make": "Volvo", "amount": 14500, "slot": ""}'),
        ("{'vrm': v, 'slot': d,}", "{'vrm': v, 'slot': d, \"make\": \"Volvo\", \"amount\": 14500}"),
        ("{\n        'vrm': v,\n        'slot': d\n    }",
         "{\n        'vrm': v,\n        'slot': d,\n        \"make\": \"Volvo\",\n        \"amount\": 14500,\n    }"),
    ],
)  # fmt: skip
async def test_missing_members_are_added(editor: Editor, before: str, after: str) -> None:
    text = f'{_HEAD}    await events.put("DeliveryScheduled", {before})\n'
    editor.open("a.py", text)
    actions = await editor.actions("a.py", position(text[: text.index(before) + 1]))
    action = next(each for each in actions if each.kind == types.CodeActionKind.QuickFix)
    assert action.title.startswith("Add ")
    assert action.edit is not None
    assert action.edit.changes is not None
    changed = _applied(text, action.edit.changes[editor.uri("a.py")])
    for name in ("make", "amount"):
        assert f'"{name}": ' in changed
    editor.change("a.py", changed)
    await editor.diagnostics("a.py")
    assert "required" not in [each.code for each in await editor.diagnostics("a.py")]
    assert changed.count("\n") == (f"{_HEAD}{after}\n").count("\n")


def _applied(text: str, edits: object) -> str:
    assert isinstance(edits, list | tuple)
    (edit,) = edits
    lines = text.splitlines(keepends=True)
    at = sum(map(len, lines[: edit.range.start.line])) + edit.range.start.character
    return f"{text[:at]}{edit.new_text}{text[at:]}"


async def test_a_handler_is_generated_beside_the_program_and_never_over_what_is_there(editor: Editor) -> None:
    text = '@handler("DeliveryScheduled")\nasync def f(event): ...\n'
    editor.open("a.py", text)
    (action,) = await editor.actions("a.py", types.Position(0, 12))
    assert action.title == "Generate a handler for DeliveryScheduled"
    assert action.edit is None, "it is made when it is chosen"
    resolved = await editor.client.code_action_resolve_async(action)
    assert resolved.edit is not None
    changes = list(resolved.edit.document_changes or [])
    made = [each.uri for each in changes if isinstance(each, types.CreateFile)]
    assert made == [editor.uri("delivery_scheduled.py"), editor.uri("delivery_scheduled_handler.py")]
    edits = [each for each in changes if isinstance(each, types.TextDocumentEdit)]
    assert "async def handle_delivery_scheduled" in edits[1].edits[0].new_text  # type: ignore[union-attr]
    (editor.folder / "delivery_scheduled.py").write_text("mine")
    (editor.folder / "delivery_scheduled_handler.py").write_text("mine")
    again = await editor.client.code_action_resolve_async(action)
    assert again.edit is None
    assert editor.shown == ["delivery_scheduled.py, delivery_scheduled_handler.py are there already."]


async def test_an_event_leads_to_its_document(editor: Editor) -> None:
    at = editor.open("a.py", 'events.put("Delivery|Scheduled", {})\n')
    found = await editor.definition("a.py", at)
    assert found.uri.endswith("/events/delivery-scheduled.md")
