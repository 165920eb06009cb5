"""Contracts that use all that a schema can say about types."""

from __future__ import annotations

from typing import Any

from eventyard.contract import Contract, Example
from eventyard.contract.references import needed
from eventyard.contract.validator import Validator

ATOM = "https://schema.example.com/atoms/"
ATOMS: dict[str, Any] = {
    f"{ATOM}vin": {
        "$id": f"{ATOM}vin",
        "description": "The vehicle's number.",
        "type": "string",
        "pattern": "^[A-HJ-NPR-Z0-9]{17}$",
    },
    f"{ATOM}money": {
        "$id": f"{ATOM}money",
        "type": "object",
        "additionalProperties": False,
        "required": ["amount", "currency"],
        "properties": {"amount": {"type": "number", "minimum": 0}, "currency": {"enum": ["GBP", "EUR"]}},
    },
    f"{ATOM}part": {
        "$id": f"{ATOM}part",
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "part"}}},
    },
}
PURCHASE: dict[str, Any] = {
    "title": "Purchase approved",
    "description": "A purchase was approved.\nBy whom, it says.",
    "type": "object",
    "additionalProperties": False,
    "required": ["vin", "price", "kind", "slot", "buyer"],
    "properties": {
        "note": {"type": ["string", "null"], "description": "What the buyer said."},
        "vin": {"$ref": f"{ATOM}vin"},
        "price": {"$ref": f"{ATOM}money", "description": "With tax."},
        "kind": {"enum": ["cash", "finance", "part exchange"]},
        "slot": {
            "type": "object",
            "required": ["date", "hours"],
            "properties": {
                "date": {"type": "string", "format": "date"},
                "hours": {
                    "type": "array",
                    "prefixItems": [{"type": "integer"}, {"type": "integer"}],
                    "items": False,
                    "minItems": 2,
                    "maxItems": 2,
                },
            },
        },
        "buyer": {"$ref": "#/$defs/person"},
        "witnesses": {"type": "array", "items": {"$ref": "#/$defs/person"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "approved_at": {"type": "string", "format": "date-time"},
        "id": {"type": "string", "format": "uuid"},
        "tree": {"$ref": f"{ATOM}part"},
        "final": {"const": True},
        "level": {"enum": [1, 2, 3, None]},
        "extras": {"allOf": [{"$ref": f"{ATOM}part"}, {"properties": {"fitted": {"type": "boolean"}}}]},
        "anything": True,
        "either": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]},
    },
    "$defs": {"person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
}
PURCHASE_DETAIL: dict[str, Any] = {
    "note": None,
    "vin": "1C6RD7LT4CS156097",
    "price": {"amount": 27250.5, "currency": "GBP"},
    "kind": "part exchange",
    "slot": {"date": "2026-12-05", "hours": [8, 12]},
    "buyer": {"name": "Ada"},
    "witnesses": [{"name": "Grace"}],
    "labels": {"colour": "red"},
    "approved_at": "2026-11-25T21:00:00Z",
    "id": "0c6e9b1e-2f1c-4c62-8f4e-2f7f6a2e2f10",
    "tree": {"name": "car", "parts": [{"name": "engine", "parts": [{"name": "valve"}]}]},
    "final": True,
    "level": None,
    "extras": {"name": "tow bar", "fitted": True},
    "anything": {"a": [1, None]},
    "either": [1, 2],
}
PAYMENT: dict[str, Any] = {
    "type": "object",
    "required": ["method"],
    "properties": {
        "method": {
            "oneOf": [
                {
                    "title": "By card",
                    "type": "object",
                    "required": ["kind", "last-digits"],
                    "properties": {"kind": {"const": "card"}, "last-digits": {"type": "string"}},
                },
                {
                    "title": "By bank",
                    "type": "object",
                    "required": ["kind", "iban"],
                    "properties": {"kind": {"const": "bank"}, "iban": {"type": "string"}},
                },
            ]
        },
        "class": {"type": "integer"},
        "self-reference": {"$ref": "#"},
    },
}
PAYMENT_DETAIL: dict[str, Any] = {
    "method": {"kind": "card", "last-digits": "4242"},
    "class": 3,
    "self-reference": {"method": {"kind": "bank", "iban": "GB33BUKB20201555555555"}},
}


def contract(type: str, schema: Any, *details: Any) -> Contract:
    """Its examples keep it, or this raises AssertionError."""
    examples = [Example(f"Example {at}", detail) for at, detail in enumerate(details, 1)]
    made = Contract(type=type, publisher="sales", source="uk.co.cars.sales", schema=schema, examples=examples)
    for detail in details:
        assert not Validator(schema, needed(schema, ATOMS)).violations(detail)
    return made


CONTRACTS = (
    contract("PurchaseApproved", PURCHASE, PURCHASE_DETAIL),
    contract("PaymentFailed", PAYMENT, PAYMENT_DETAIL),
    contract("lot selected", {"type": "object", "properties": {"lot": {"type": "integer"}}}, {"lot": 4}, {}),
)
