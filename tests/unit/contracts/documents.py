"""A small repository of contracts, written where it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VIN_URL = "https://schema.example.com/atoms/vin"
VIN = {
    "$id": VIN_URL,
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Vehicle identification number",
    "type": "string",
    "pattern": "^[A-HJ-NPR-Z0-9]{17}$",
}


def document(
    schema: Any, settings: dict[str, Any] | None = None, *examples: Any, prose: str = "A car was sold."
) -> str:
    """The text of a document. JSON is YAML, too, so the settings are written as such."""
    given = {"type": "CarSold", "publisher": "sales", "source": "uk.co.cars", "subscribers": ["finance"]} | (
        settings or {}
    )
    lines = "\n".join(f"{name}: {json.dumps(value)}" for name, value in given.items())
    shown = "".join(f"\n## Example: {at}\n\n```json\n{json.dumps(each)}\n```\n" for at, each in enumerate(examples, 1))
    schema_text = json.dumps(schema, indent=2)
    return f"# {given['type']}\n\n```yaml\n{lines}\n```\n\n{prose}\n\n## Schema\n\n```json\n{schema_text}\n```\n{shown}"


def sold(required: tuple[str, ...] = ("vin",), **more: Any) -> dict[str, Any]:
    """The schema of a sale: the car's number, and ``more`` members."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {"vin": {"$ref": VIN_URL}, **more},
    }


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {"atoms/vin.json": json.dumps(VIN, indent=2), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder
