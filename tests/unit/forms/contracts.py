"""The example contracts, and one with all that a form can show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eventyard.contract import Contract, Repository, from_files, read_repository
from eventyard.forms import Form

CARS: Repository = read_repository(Path(__file__).parents[3] / "examples" / "cars" / "contracts")

_ALL = """# Everything Happened
```yaml
type: EverythingHappened
publisher: tests
```
All **kinds** of values.

## Form
```yaml ui
type: VerticalLayout
elements:
  - type: HorizontalLayout
    elements:
      - {type: Control, scope: "#/properties/name", label: Full name}
      - {type: Control, scope: "#/properties/age"}
  - type: Group
    label: More about it
    elements:
      - {type: Label, text: Say what you like.}
      - {type: Control, scope: "#/properties/note", options: {multi: true}}
```

## Schema
```json
{
  "type": "object",
  "additionalProperties": false,
  "required": ["name", "kind", "tags", "pay", "agreed"],
  "properties": {
    "name": {"type": "string", "minLength": 2, "description": "As in the passport."},
    "age": {"type": "integer", "minimum": 0},
    "note": {"type": ["string", "null"]},
    "kind": {"const": "test"},
    "agreed": {"type": "boolean"},
    "spam": {"type": ["boolean", "null"]},
    "size": {"enum": ["S", "M", 3, null]},
    "day": {"type": "string", "format": "date"},
    "mail": {"type": "string", "format": "email"},
    "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 4},
    "points": {"type": "array", "items": {"type": "object", "required": ["x"], "additionalProperties": false,
               "properties": {"x": {"type": "number"}, "y": {"type": "number"}}}},
    "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false},
    "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
    "pay": {"oneOf": [
      {"title": "By card", "type": "object", "required": ["kind", "digits"], "additionalProperties": false,
       "properties": {"kind": {"const": "card"}, "digits": {"type": "string", "pattern": "^[0-9]{4}$"}}},
      {"title": "By bank", "type": "object", "required": ["kind", "iban"], "additionalProperties": false,
       "properties": {"kind": {"const": "bank"}, "iban": {"type": "string", "minLength": 5}}}
    ]},
    "part": {"$ref": "#/$defs/part"},
    "maybe": {"type": ["object", "null"], "properties": {"a": {"type": "string"}}, "additionalProperties": false},
    "either": {"type": ["string", "integer", "null"]},
    "level": {"oneOf": [{"const": 1, "title": "low"}, {"const": 2, "title": "high"}]},
    "free": true
  },
  "$defs": {"part": {"type": "object", "required": ["id"], "additionalProperties": false,
            "properties": {"id": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}}}}}
}
```

## Example
```json
{
  "name": "Ada\\nByron", "age": 36, "note": null, "kind": "test", "agreed": true, "spam": null, "size": 3,
  "day": "2026-12-05", "mail": "ada@example.com", "tags": ["a", ""], "points": [{"x": 1.5}, {"x": 2, "y": -3e2}],
  "pair": ["one", 2], "labels": {"a/b": 1, "ü ~": 2}, "pay": {"kind": "bank", "iban": "GB33BUKB"},
  "part": {"id": "1", "parts": [{"id": "1.1", "parts": []}, {"id": ""}]}, "maybe": null, "either": 7, "level": 2,
  "free": {"a": [1, {"b": null}]}
}
```
"""
ALL: Repository = from_files({"all.md": _ALL})


def form(repository: Repository, contract: Contract) -> Form:
    from eventyard.forms import ui_of

    text = next(each.text for each in repository.documents if each.path == contract.path)
    return Form(contract, repository.atoms, ui_of(text))


EVERYTHING = ALL.find("EverythingHappened")
MESSAGE: Any = EVERYTHING.examples[0].detail
