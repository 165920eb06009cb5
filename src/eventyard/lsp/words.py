"""What an editor shows about contracts: hovers in Markdown, and the details of completions."""

from __future__ import annotations

import json
from typing import Any

from eventyard.contract import Contract
from eventyard.contract.spot import Schema, Spot, View

_MOST_FIELDS = 40
_LONGEST = 1_500


def about(contract: Contract, schema: Schema) -> str:
    """The contract as a hover: whose it is, its prose, its members, and an example."""
    title = contract.title or contract.type
    facts = [f"Published by `{contract.source}`", f"version {contract.version}"]
    if contract.subscribers:
        facts.append("received by " + ", ".join(f"`{each}`" for each in contract.subscribers))
    parts = [f"### {title}", ", ".join(facts) + "."]
    if contract.deprecated:
        parts.append(f"**Deprecated** since {contract.deprecated}.")
    if contract.description:
        prose = contract.description
        parts.append(prose if len(prose) <= _LONGEST else f"{prose[:_LONGEST]} ...")
    members = schema.view(schema.root).members
    required = schema.view(schema.root).required
    rows = [
        f"- `{name}`{' (required)' if name in required else ''}: {kind(schema, spot)}{_short(schema.view(spot))}"
        for name, spot in list(members.items())[:_MOST_FIELDS]
    ]
    parts.append("\n".join(rows))
    if contract.examples:
        parts.append(f"```json\n{json.dumps(contract.examples[0].detail, ensure_ascii=False, indent=2)}\n```")
    return "\n\n".join(filter(None, parts))


def about_member(name: str, spot: Spot, required: bool, schema: Schema) -> str:
    """One member as a hover."""
    view = schema.view(spot)
    parts = [f"`{name}`: {kind(schema, spot)}{', required' if required else ''}", view.description]
    limits = ", ".join(f"{each} {json.dumps(value)}" for each, value in view.limits.items() if each != "format")
    return "\n\n".join(filter(None, [*parts, limits]))


def kind(schema: Schema, spot: Spot) -> str:
    """What a value is, in a word or two."""
    view = schema.view(spot)
    null = " or null" if view.nullable else ""
    if view.kind == "enum":
        return " | ".join(json.dumps(value, ensure_ascii=False) for value, _ in view.options)
    if view.kind == "choice":
        return " or ".join(dict.fromkeys(name for name, _ in view.alternatives))
    if view.kind == "array" and view.item is not None and view.item.places:
        inner = schema.view(view.item).kind
        return f"array of {inner}{null}"
    format = view.limits.get("format")
    return f"{'any' if view.kind == 'any' else view.kind}{f' ({format})' if format else ''}{null}"


def placeholder(schema: Schema, spot: Spot, depth: int = 0) -> Any:
    """A value of the right type to be written over: an example, if the schema has one."""
    view = schema.view(spot)
    if view.examples:
        return view.examples[0]
    if view.kind == "enum":
        return view.options[0][0]
    if view.kind == "choice":
        return placeholder(schema, view.alternatives[0][1], depth + 1) if depth < 5 else None
    if view.kind == "object":
        names = [name for name in view.members if name in view.required] if depth < 5 else []
        return {name: placeholder(schema, view.members[name], depth + 1) for name in names}
    return {"string": "", "integer": 0, "number": 0, "boolean": False, "array": []}.get(view.kind)


def _short(view: View) -> str:
    first = view.description.partition("\n")[0]
    return f" — {first}" if first else ""
