"""What an editor is offered while somebody writes a contract."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.acceptance.lsp.conftest import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")
NAME = "contracts/events/delivery-scheduled.md"


@pytest.fixture
def text(editor: Editor) -> str:
    return (editor.folder / NAME).resolve().read_text()


def _uri(editor: Editor) -> str:
    return (editor.folder / NAME).resolve().as_uri()


async def test_findings_are_shown_while_typing_and_go_when_they_are_mended(editor: Editor, text: str) -> None:
    editor.open(NAME, text.replace("atoms/vin", "atoms/win"))
    found = await editor.diagnostics_of(_uri(editor))
    assert [each.code for each in found] == ["broken-ref"]
    assert "Did you mean https://schema.example.com/atoms/vin?" in found[0].message
    wrong = text.replace("atoms/vin", "atoms/win").splitlines()
    assert "atoms/win" in wrong[found[0].range.start.line]
    editor.change(NAME, text)
    assert await editor.diagnostics_of(_uri(editor)) == []


async def test_an_event_that_is_being_written_is_known_to_programs_at_once(editor: Editor, text: str) -> None:
    program = 'events.put("DeliveryMoved", {})\n'
    editor.open("a.py", program)
    assert [each.code for each in await editor.diagnostics("a.py")] == ["unknown-event"]
    moved = text.replace("type: DeliveryScheduled", "type: DeliveryMoved").replace("# Delivery Scheduled", "# Moved")
    editor.open("contracts/events/moved.md", moved)
    (found,) = await editor.diagnostics("a.py")
    assert found.code == "required"


async def test_atoms_are_completed_and_lead_to_their_files(editor: Editor, text: str) -> None:
    at = editor.open(NAME, text.replace("atoms/vin", "atoms/v|", 1))
    items = await editor.completions(NAME, at)
    assert "https://schema.example.com/atoms/vin" in [item.label for item in items]
    edit = items[0].text_edit
    assert isinstance(edit, types.TextEdit)
    assert edit.range.end == at
    at = editor.change(NAME, text.replace("atoms/vin", "atoms/|vin", 1))
    found = await editor.definition(NAME, at)
    assert found.uri.endswith("/atoms/vin.json")


async def test_settings_are_completed_but_those_that_are_there(editor: Editor, text: str) -> None:
    at = editor.open(NAME, text.replace("```yaml\n", "```yaml\nde|\n", 1))
    labels = [item.label for item in await editor.completions(NAME, at)]
    assert {"deprecated", "sunset", "version"} <= set(labels)
    assert not {"type", "publisher"} & set(labels)
    at = editor.change(NAME, text.replace("## Schema", "## Schema\n|", 1))
    assert await editor.completions(NAME, at) == []


async def test_a_handler_is_offered_for_the_document_of_an_event(editor: Editor, text: str) -> None:
    editor.open(NAME, text)
    (action,) = await editor.actions(NAME, types.Position(0, 0))
    resolved = await editor.client.code_action_resolve_async(action)
    assert resolved.edit is not None
    made = [each.uri for each in resolved.edit.document_changes or [] if isinstance(each, types.CreateFile)]
    assert editor.uri("delivery_scheduled_handler.py") in made


async def test_other_documents_are_left_alone(editor: Editor) -> None:
    at = editor.open("notes.md", "# Notes\n```yaml\n|\n```\n")
    assert await editor.completions("notes.md", at) == []
    assert await editor.actions("notes.md", at) == []
