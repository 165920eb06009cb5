"""The language server: which texts it looks at, what it offers for them, and how that reaches the editor.

Source: Language Server Protocol 3.17."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.workspace import ServerTextPosition, TextDocument

from eventyard import __version__
from eventyard.codegen import handler
from eventyard.contract import Finding
from eventyard.errors import EventyardError
from eventyard.lsp import program
from eventyard.lsp.document import reference_at, settings_at
from eventyard.lsp.library import Library, Lint
from eventyard.lsp.places import place, span

_GENERATE = "source.eventyard.handler"
_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}


def create_server(contracts: Path, lint: Lint | None = None) -> LanguageServer:
    """A server for the contracts in a folder. ``lint``: see :class:`Library`."""
    server = LanguageServer("eventyard", __version__)
    _Features(server, Library(contracts, lint)).register()
    return server


class _Features:
    def __init__(self, server: LanguageServer, library: Library) -> None:
        self._server = server
        self._library = library
        self._told: set[str] = set()  # files of the library that have findings in the editor

    def register(self) -> None:
        completion = types.CompletionOptions(trigger_characters=['"', "'", "{", ",", ":"])
        actions = types.CodeActionOptions([types.CodeActionKind.QuickFix, _GENERATE], resolve_provider=True)
        features: list[tuple[str, Callable[..., Any], Any]] = [
            (types.INITIALIZED, self._initialized, None),
            (types.TEXT_DOCUMENT_DID_OPEN, self._changed, None),
            (types.TEXT_DOCUMENT_DID_CHANGE, self._changed, None),
            (types.TEXT_DOCUMENT_DID_CLOSE, self._closed, None),
            (types.TEXT_DOCUMENT_DID_SAVE, self._files_changed, None),
            (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, self._files_changed, None),
            (types.TEXT_DOCUMENT_COMPLETION, self._complete, completion),
            (types.TEXT_DOCUMENT_HOVER, self._hover, None),
            (types.TEXT_DOCUMENT_DEFINITION, self._define, None),
            (types.TEXT_DOCUMENT_CODE_ACTION, self._act, actions),
            (types.CODE_ACTION_RESOLVE, self._resolve, None),
        ]
        for name, function, options in features:
            self._server.feature(name, options)(_feature(function))

    # --- texts and what is wrong with them --------------------------------------------------------------------------

    def _initialized(self, params: types.InitializedParams) -> None:
        self._tell_library()

    def _changed(self, params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams) -> None:
        document = self._document(params.text_document.uri)
        name = self._name(document)
        if name is not None:
            self._library.write(name, document.source)
            self._tell_library()
            self._tell_programs()
        elif _is_python(document):
            self._tell(document.uri, program.diagnostics(document, self._library))

    def _closed(self, params: types.DidCloseTextDocumentParams) -> None:
        path = uris.to_fs_path(params.text_document.uri)
        name = None if path is None else self._library.name_of(Path(path))
        if name is not None:
            self._library.close(name)
            self._tell_library()
        else:
            self._tell(params.text_document.uri, [])

    def _files_changed(self, params: types.DidChangeWatchedFilesParams | types.DidSaveTextDocumentParams) -> None:
        if isinstance(params, types.DidSaveTextDocumentParams) and params.text_document.uri.endswith(".py"):
            return
        self._library.reload()
        self._tell_library()
        self._tell_programs()

    def _tell_programs(self) -> None:
        for document in list(self._server.workspace.text_documents.values()):
            if _is_python(document):
                self._tell(document.uri, program.diagnostics(document, self._library))

    def _tell_library(self) -> None:
        findings = self._library.findings()
        for name in self._told | findings.keys():
            uri = self._uri(name)
            document = self._document(uri)
            self._tell(uri, [_diagnostic(document, each) for each in findings.get(name, ())])
        self._told = set(findings)

    def _tell(self, uri: str, diagnostics: list[types.Diagnostic]) -> None:
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics))

    # --- what is asked ----------------------------------------------------------------------------------------------

    def _complete(self, params: types.CompletionParams) -> list[types.CompletionItem]:
        document = self._document(params.text_document.uri)
        if _is_python(document):
            return program.completions(document, params.position, self._library)
        return self._complete_document(document, params.position) if self._name(document) else []

    def _complete_document(self, document: TextDocument, position: types.Position) -> list[types.CompletionItem]:
        offset = document.offset_at_position(position)
        reference = reference_at(document.source, offset)
        if reference is not None:
            _, start, end = reference
            where = span(document, start, end)
            return [
                types.CompletionItem(url, kind=types.CompletionItemKind.Reference, text_edit=types.TextEdit(where, url))
                for url in sorted(self._library.repository.atoms)
            ]
        settings = settings_at(document.source, offset)
        if settings is None:
            return []
        where = types.Range(place(document, settings[1]), position)
        return [
            types.CompletionItem(
                name, kind=types.CompletionItemKind.Property, text_edit=types.TextEdit(where, f"{name}: ")
            )
            for name in settings[0]
        ]

    def _hover(self, params: types.HoverParams) -> types.Hover | None:
        document = self._document(params.text_document.uri)
        return program.hover(document, params.position, self._library) if _is_python(document) else None

    def _define(self, params: types.DefinitionParams) -> types.Location | None:
        """Where an atom that is referred to stands, or the document of an event that a program names."""
        document = self._document(params.text_document.uri)
        if _is_python(document):
            call = program.call_at(document, types.Range(params.position, params.position))
            contract = None if call is None else self._library.find(call.type)
            return None if contract is None else _top(self._uri(contract.path))
        reference = reference_at(document.source, document.offset_at_position(params.position))
        path = None if reference is None else self._library.place(reference[0])
        return None if path is None else _top(uris.from_fs_path(str(path)) or "")

    def _act(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        document = self._document(params.text_document.uri)
        if _is_python(document):
            call = program.call_at(document, params.range)
            fixes = program.fixes(document, params.range, self._library)
            types_ = [call.type] if call is not None and self._library.find(call.type) else []
        else:
            name = self._name(document)
            fixes = []
            types_ = [each.type for each in self._library.events() if each.path == name]
        return [*fixes, *(self._generate(document, type) for type in types_)]

    def _generate(self, document: TextDocument, type: str) -> types.CodeAction:
        return types.CodeAction(
            f"Generate a handler for {type}", kind=_GENERATE, data={"event": type, "uri": document.uri}
        )

    def _resolve(self, action: types.CodeAction) -> types.CodeAction:
        """The files of a handler, beside the program or in the folder of the workspace; those that are there stay."""
        data = action.data if isinstance(action.data, dict) else {}
        contract = self._library.find(str(data.get("event")))
        path = uris.to_fs_path(str(data.get("uri", "")))
        if contract is None or path is None:
            return action
        folder = Path(path).parent
        if Path(path).suffix != ".py" and self._server.workspace.root_path:
            folder = Path(self._server.workspace.root_path)
        try:
            files = handler(contract, self._library.repository.atoms)
        except EventyardError as error:
            self._server.window_show_message(types.ShowMessageParams(types.MessageType.Error, error.message))
            return action
        new = {name: text for name, text in files.items() if not (folder / name).exists()}
        if not new:
            message = f"{', '.join(files)} are there already."
            self._server.window_show_message(types.ShowMessageParams(types.MessageType.Info, message))
            return action
        action.edit = types.WorkspaceEdit(
            document_changes=[each for file in new.items() for each in _made(folder, file)]
        )
        return action

    # --- names ------------------------------------------------------------------------------------------------------

    def _document(self, uri: str) -> TextDocument:
        return self._server.workspace.get_text_document(uri)

    def _name(self, document: TextDocument) -> str | None:
        return self._library.name_of(Path(document.path)) if document.path else None

    def _uri(self, name: str) -> str:
        return uris.from_fs_path(str(self._library.folder / name)) or ""


def _feature(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function, which pygls can mark as its own; it can't a method."""

    def feature(params: Any) -> Any:
        return method(params)

    return feature


def _is_python(document: TextDocument) -> bool:
    return document.language_id == "python" or document.uri.endswith(".py")


def _top(uri: str) -> types.Location:
    start = types.Position(0, 0)
    return types.Location(uri, types.Range(start, start))


def _made(folder: Path, file: tuple[str, str]) -> list[types.CreateFile | types.TextDocumentEdit]:
    name, text = file
    uri = uris.from_fs_path(str(folder / name)) or ""
    start = types.Position(0, 0)
    edit = types.TextEdit(types.Range(start, start), text)
    return [
        types.CreateFile(uri, options=types.CreateFileOptions(ignore_if_exists=False, overwrite=False)),
        types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri), [edit]),
    ]


def _diagnostic(document: TextDocument, finding: Finding) -> types.Diagnostic:
    """A finding from its place to the end of its line."""
    line = max(0, finding.line - 1)
    text = document.lines[line].rstrip("\r\n") if line < len(document.lines) else ""
    start = document.position_to_client_units(ServerTextPosition(line, min(finding.column - 1, len(text))))
    end = document.position_to_client_units(ServerTextPosition(line, len(text)))
    return types.Diagnostic(
        types.Range(start, end),
        finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.rule,
        source=program.SOURCE,
    )
