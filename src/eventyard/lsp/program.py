"""Python programs in an editor: what can be completed, what is shown, and what is wrong with payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lsprotocol import types
from pygls.workspace import TextDocument

from eventyard.lsp.calls import Call, Cursor, Node, calls, cursor
from eventyard.lsp.library import Library
from eventyard.lsp.payload import Payload, Problem
from eventyard.lsp.places import span
from eventyard.lsp.words import about, about_member, kind, placeholder

SOURCE = "eventyard"
_MARKDOWN = types.MarkupKind.Markdown


def completions(document: TextDocument, position: types.Position, library: Library) -> list[types.CompletionItem]:
    """Names of events, names of members, and values that there are only a few of."""
    offset = document.offset_at_position(position)
    found = cursor(document.source[:offset])
    if found is None:
        return []
    if found.place == "event":
        where = _inside(document, found, offset)
        return [_event(each.type, each.description, where) for each in library.events()]
    payload = library.payload(found.call.type) if found.call is not None else None
    if payload is None:
        return []
    if found.place == "key":
        return list(_members(document, found, payload, offset))
    return list(_values(document, found, payload, offset))


def _inside(document: TextDocument, found: Cursor, offset: int) -> types.Range:
    """From the opening quote to the closing one, or to the cursor."""
    start = offset if found.token is None else found.token.inner
    line = document.source[offset:].partition("\n")[0]
    quote = "" if found.token is None else document.source[found.token.inner - 1]
    more = line.find(quote) if quote else -1
    behind = offset + more if more >= 0 and line[:more].replace("_", "").isalnum() else offset
    return span(document, start, behind)


def _event(name: str, description: str, where: types.Range) -> types.CompletionItem:
    return types.CompletionItem(
        name,
        kind=types.CompletionItemKind.Event,
        text_edit=types.TextEdit(where, name),
        documentation=types.MarkupContent(_MARKDOWN, description),
    )


def _members(document: TextDocument, found: Cursor, payload: Payload, offset: int) -> Iterator[types.CompletionItem]:
    """The required ones first. Those that are written, also behind the cursor, are not offered."""
    schema = payload.schema
    written = {*found.written, *_behind(document.source, found, offset)}
    where, offered = _inside(document, found, offset), set[str]()
    for spot in payload.spots(found.path):
        view = schema.view(spot)
        for at, (name, inner) in enumerate(view.members.items()):
            if name in written or name in offered:
                continue
            offered.add(name)
            required = name in view.required
            text = name if found.token is not None else f"{json.dumps(name, ensure_ascii=False)}: "
            yield types.CompletionItem(
                name,
                kind=types.CompletionItemKind.Field,
                detail=f"{kind(schema, inner)}{' (required)' if required else ''}",
                sort_text=f"{0 if required else 1}{at:04}",
                filter_text=text if found.token is None else name,
                text_edit=types.TextEdit(where, text),
                documentation=types.MarkupContent(_MARKDOWN, about_member(name, inner, required, schema)),
            )


def _behind(source: str, found: Cursor, offset: int) -> set[str]:
    """The names in the same object behind the cursor."""
    assert found.call is not None
    # What is being written is left out, so that what stands behind it can be read.
    start = offset if found.token is None else found.token.start
    line = source[offset:].partition("\n")[0]
    end = offset + (line.find(source[start]) + 1 if found.token is not None and source[start] in line else 0)
    for call in calls(f"{source[:start]}{' ' * (end - start)}{source[end:]}"):
        if call.event.start == found.call.event.start and call.detail is not None:
            node = _node(call.detail, found.path)
            return {member.name for member in node.members} if node is not None else set()
    return set()


def _node(node: Node, path: tuple[str | int, ...]) -> Node | None:
    found: Node | None = node
    for step in path:
        if found is None:
            return None
        if isinstance(step, int):
            found = found.items[step] if step < len(found.items) else None
        else:
            found = next((each.value for each in found.members if each.name == step), None)
    return found


def _values(document: TextDocument, found: Cursor, payload: Payload, offset: int) -> Iterator[types.CompletionItem]:
    where = _inside(document, found, offset)
    for spot in payload.spots(found.path):
        view = payload.schema.view(spot)
        values = [value for value, _ in view.options] or ([True, False] if view.kind == "boolean" else [])
        for value in values:
            if found.token is None or isinstance(value, str):
                text = value if found.token is not None else literal(value)
                yield types.CompletionItem(
                    text, kind=types.CompletionItemKind.EnumMember, text_edit=types.TextEdit(where, text)
                )


def hover(document: TextDocument, position: types.Position, library: Library) -> types.Hover | None:
    """The contract of the event, or what it says about the member, at a place."""
    offset = document.offset_at_position(position)
    for call in calls(document.source):
        payload = library.payload(call.type)
        if payload is None:
            continue
        if call.event.start <= offset < call.event.end:
            text = about(payload.contract, payload.schema)
            return _shown(document, text, call.event.start, call.event.end)
        member = None if call.detail is None else _member_at(call.detail, offset, ())
        if member is not None:
            path, start, end = member
            for outer in payload.spots(path[:-1]):
                view, name = payload.schema.view(outer), str(path[-1])
                if name in view.members:
                    text = about_member(name, view.members[name], name in view.required, payload.schema)
                    return _shown(document, text, start, end)
    return None


def _shown(document: TextDocument, text: str, start: int, end: int) -> types.Hover:
    return types.Hover(types.MarkupContent(_MARKDOWN, text), span(document, start, end))


def _member_at(node: Node, offset: int, path: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], int, int] | None:
    """The path to the member whose name is at ``offset``, and where that name stands."""
    for member in node.members:
        if member.key.start <= offset < member.key.end:
            return (*path, member.name), member.key.start, member.key.end
        if member.value is not None and (found := _member_at(member.value, offset, (*path, member.name))):
            return found
    for at, item in enumerate(node.items):
        if found := _member_at(item, offset, (*path, at)):
            return found
    return None


def diagnostics(document: TextDocument, library: Library) -> list[types.Diagnostic]:
    """Events that there is no contract for, and payloads that break theirs."""
    found = []
    for call in calls(document.source):
        if not library.knows(call.type):
            if library.repository.contracts and call.event.closed:
                message = f"There is no contract for {call.type}."
                where = span(document, call.event.start, call.event.end)
                found.append(_diagnostic(where, message, "unknown-event", types.DiagnosticSeverity.Warning))
            continue
        payload = library.payload(call.type)
        if payload is not None and call.detail is not None:
            for problem in payload.problems(call.detail):
                where = span(document, problem.start, problem.end)
                found.append(_diagnostic(where, problem.message, problem.rule, types.DiagnosticSeverity.Error))
    return found


def _diagnostic(where: types.Range, message: str, code: str, severity: types.DiagnosticSeverity) -> types.Diagnostic:
    return types.Diagnostic(where, message, severity=severity, code=code, source=SOURCE)


def call_at(document: TextDocument, where: types.Range) -> Call | None:
    """The call whose event or payload begins or goes on at a place."""
    start, end = document.offset_at_position(where.start), document.offset_at_position(where.end)
    for call in calls(document.source):
        last = call.event.end if call.detail is None else max(call.detail.end, call.event.end)
        if call.event.start <= end and start <= last:
            return call
    return None


def fixes(document: TextDocument, where: types.Range, library: Library) -> list[types.CodeAction]:
    """Actions that write the members that a payload lacks."""
    start, end = document.offset_at_position(where.start), document.offset_at_position(where.end)
    found = []
    for call in calls(document.source):
        payload = library.payload(call.type)
        if payload is None or call.detail is None:
            continue
        for problem in payload.problems(call.detail):
            if not problem.missing or problem.start > end:
                continue
            node = _starting(call.detail, problem.start, ())
            if node is not None and start <= node[0].end:
                found.append(_filled(document, payload, problem, *node))
    return found


def _starting(node: Node, start: int, path: tuple[str | int, ...]) -> tuple[Node, tuple[str | int, ...]] | None:
    """The object that begins at ``start``, and the path to it."""
    if node.start == start and node.kind == "object":
        return node, path
    for member in node.members:
        if member.value is not None and (found := _starting(member.value, start, (*path, member.name))):
            return found
    for at, item in enumerate(node.items):
        if found := _starting(item, start, (*path, at)):
            return found
    return None


def _filled(
    document: TextDocument, payload: Payload, problem: Problem, node: Node, path: tuple[str | int, ...]
) -> types.CodeAction:
    members = dict.fromkeys(problem.missing)
    for spot in payload.spots(path):
        inner = payload.schema.view(spot).members
        members |= {name: placeholder(payload.schema, inner[name]) for name in members if name in inner}
    written = [f"{json.dumps(name, ensure_ascii=False)}: {literal(value)}" for name, value in members.items()]
    source = document.source
    body = source[node.start + 1 : node.end - 1]
    at = node.start + 1 + len(body.rstrip())
    comma = "" if not body.strip() or body.rstrip().endswith(",") else ","
    if "\n" in body[len(body.rstrip()) :] and node.members:
        first = source.rfind("\n", 0, node.members[0].key.start) + 1
        indent = source[first : node.members[0].key.start]
        indent = indent if not indent.strip() else "    "
        text = comma + "".join(f"\n{indent}{each}," for each in written)
    else:
        text = f"{comma}{' ' if node.members else ''}{', '.join(written)}"
    where = span(document, at, at)
    diagnostic = _diagnostic(
        span(document, problem.start, problem.end), problem.message, problem.rule, types.DiagnosticSeverity.Error
    )
    return types.CodeAction(
        f"Add {', '.join(problem.missing)}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic],
        is_preferred=True,
        edit=types.WorkspaceEdit(changes={document.uri: [types.TextEdit(where, text)]}),
    )


def literal(value: Any) -> str:
    """A JSON value as Python writes it."""
    match value:
        case dict():
            return f"{{{', '.join(f'{literal(name)}: {literal(each)}' for name, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case str():
            return json.dumps(value, ensure_ascii=False)
    return repr(value)
