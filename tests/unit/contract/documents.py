"""Documents for tests, written where they are read."""

from __future__ import annotations

VIN = """{"$id": "https://schema.example.com/atoms/vin", "$schema": "https://json-schema.org/draft/2020-12/schema",
"type": "string", "pattern": "^[A-HJ-NPR-Z0-9]{17}$"}"""


def document(
    schema: str, settings: str = "type: CarSold\npublisher: sales", example: str | None = None, title: str = "Car Sold"
) -> str:
    shown = "" if example is None else f"## Example\n```json\n{example}\n```\n"
    return f"# {title}\n```yaml\n{settings}\n```\nA car was sold.\n\n## Schema\n```json\n{schema}\n```\n{shown}"
