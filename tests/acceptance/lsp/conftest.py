"""A language server in a process of its own, and an editor that talks to it over its standard input and output."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.unit.forms.contracts import CARS

#: Where the cursor is.
CURSOR = "|"


class Editor:
    """``folder``: the workspace; its contracts are in ``contracts``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("editor", "1")
        self.shown: list[str] = []
        self._diagnostics: dict[str, asyncio.Queue[list[types.Diagnostic]]] = {}
        self._version = 0
        self._open: set[str] = set()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _published(params: types.PublishDiagnosticsParams) -> None:
            self._queue(params.uri).put_nowait(list(params.diagnostics))

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def _shown(params: types.ShowMessageParams) -> None:
            self.shown.append(params.message)

    async def start(self, encoding: types.PositionEncodingKind) -> types.InitializeResult:
        command = ["-m", "eventyard", "lsp", "--contracts", str(self.folder / "contracts")]
        await self.client.start_io(sys.executable, *command)
        general = types.GeneralClientCapabilities(position_encodings=[encoding])
        result = await self.client.initialize_async(
            types.InitializeParams(types.ClientCapabilities(general=general), root_uri=self.folder.as_uri())
        )
        self.client.initialized(types.InitializedParams())
        return result

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> types.Position:
        """Open a text, and give the place of the cursor in it, if there is one."""
        before, _, after = text.partition(CURSOR)
        self._open.add(name)
        language = "python" if name.endswith(".py") else "markdown"
        item = types.TextDocumentItem(self.uri(name), language, 1, before + after)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return position(before)

    async def close(self) -> None:
        """Close all texts, and forget what was said about them."""
        for name in self._open:
            identifier = types.TextDocumentIdentifier(self.uri(name))
            self.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
        await self.hover("none.py", types.Position(0, 0))  # what it answers comes after all that was published
        self._open, self._diagnostics, self.shown = set(), {}, []

    def change(self, name: str, text: str) -> types.Position:
        before, _, after = text.partition(CURSOR)
        self._version += 1
        identifier = types.VersionedTextDocumentIdentifier(self._version + 1, self.uri(name))
        whole = types.TextDocumentContentChangeWholeDocument(before + after)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [whole]))
        return position(before)

    async def diagnostics(self, name: str) -> list[types.Diagnostic]:
        """The next ones that the server publishes for a file."""
        return await self.diagnostics_of(self.uri(name))

    async def diagnostics_of(self, uri: str) -> list[types.Diagnostic]:
        return await asyncio.wait_for(self._queue(uri).get(), 20)

    def _queue(self, uri: str) -> asyncio.Queue[list[types.Diagnostic]]:
        return self._diagnostics.setdefault(uri, asyncio.Queue())

    def _where(self, name: str, at: types.Position) -> tuple[types.TextDocumentIdentifier, types.Position]:
        return types.TextDocumentIdentifier(self.uri(name)), at

    async def completions(self, name: str, at: types.Position) -> list[types.CompletionItem]:
        found: Any = await self.client.text_document_completion_async(types.CompletionParams(*self._where(name, at)))
        return sorted(found or [], key=lambda item: item.sort_text or item.label)

    async def hover(self, name: str, at: types.Position) -> str | None:
        found = await self.client.text_document_hover_async(types.HoverParams(*self._where(name, at)))
        return None if found is None else found.contents.value  # type: ignore[union-attr]

    async def definition(self, name: str, at: types.Position) -> Any:
        return await self.client.text_document_definition_async(types.DefinitionParams(*self._where(name, at)))

    async def actions(self, name: str, at: types.Position) -> list[types.CodeAction]:
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(self.uri(name)), types.Range(at, at), types.CodeActionContext([])
        )
        found: Any = await self.client.text_document_code_action_async(params)
        return list(found or [])


def position(before: str) -> types.Position:
    """In units of UTF-16, which is what editors count unless they say otherwise."""
    line = before.rpartition("\n")[2]
    return types.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "contracts").symlink_to(Path(__file__).parents[3] / "examples" / "cars" / "contracts")
    (folder / "none.py").touch()
    editor = Editor(folder)
    await editor.start(types.PositionEncodingKind.Utf16)
    yield editor
    await editor.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def editor(running: Editor) -> AsyncIterator[Editor]:
    """An editor without an open text."""
    yield running
    await running.close()


EVENTS = sorted({contract.type for contract in CARS.contracts})
