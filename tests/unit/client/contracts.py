"""Contracts of a small car shop, for tests of the client."""

from __future__ import annotations

from eventyard.contract import Repository, from_files

VIN = "1C6RD7LT4CS156097"
GOOD = {"vin": VIN, "price": 27250}
_VIN = '{"$id": "https://schema.cars.example/atoms/vin", "type": "string", "pattern": "^[A-HJ-NPR-Z0-9]{17}$"}'
_SCHEMA = """{"type": "object", "additionalProperties": false, "required": ["vin", "price"], "properties": {
  "vin": {"$ref": "https://schema.cars.example/atoms/vin"},
  "price": {"type": "number", "minimum": 1},
  "when": {"type": "string", "format": "date-time"}, "note": {"type": "string"}}}"""


def document(type: str, settings: str = "", schema: str = _SCHEMA) -> str:
    """A document of one event of sales; ``settings``: more lines of YAML."""
    head = f"# Something Happened\n```yaml\ntype: {type}\npublisher: sales\nsource: uk.co.cars.sales\n{settings}\n```\n"
    return f"{head}It is told.\n## Schema\n```json\n{schema}\n```\n"


FILES = {
    "events/purchase_confirmed.md": document("PurchaseConfirmed"),
    "events/lot_selected.md": document("LotSelected", "bus: lots"),
    "events/old.md": document("OrderTaken", "deprecated: 2026-01-01\nsunset: 2026-07-01"),
    "events/priced_1.md": document("CarPriced", schema='{"type": "object", "required": ["price"]}'),
    "events/priced_2.md": document("CarPriced", "version: 2", '{"type": "object", "required": ["amount"]}'),
    "atoms/vin.json": _VIN,
}


def repository() -> Repository:
    found = from_files(FILES)
    assert len(found.contracts) == 5, found.findings
    return found
