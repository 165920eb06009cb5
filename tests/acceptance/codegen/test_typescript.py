"""Models in TypeScript, as the compiler sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eventyard.codegen import handler, models
from eventyard.codegen.shaping import shaped
from eventyard.codegen.typescript import typescript
from tests.acceptance.codegen.conftest import Checked
from tests.acceptance.codegen.contracts import ATOMS, CONTRACTS, PURCHASE_DETAIL
from tests.unit.forms.contracts import CARS

Check = Callable[[Path], Checked]


def test_examples_are_of_the_type_and_what_breaks_the_contract_is_not(check_typescript: Check, tmp_path: Path) -> None:
    for contract in CONTRACTS:
        for name, text in handler(contract, ATOMS, "typescript").items():
            (tmp_path / name).write_text(text)
        model = "LotSelected" if contract.type == "lot selected" else contract.type
        uses = [f'import {{ {model} }} from "./{model[0].lower()}{model[1:]}";']
        uses += [f"const of{at}: {model} = {json.dumps(one.detail)};" for at, one in enumerate(contract.examples)]
        (tmp_path / f"use{model}.ts").write_text("\n".join([*uses, "export {};"]))
    for at, contract in enumerate(CARS.contracts):
        folder = tmp_path / f"cars{at}"
        folder.mkdir()
        for name, text in handler(contract, CARS.atoms, "typescript").items():
            (folder / name).write_text(text)
        model = contract.type
        uses = [f'import {{ {model} }} from "./{model[0].lower()}{model[1:]}";']
        uses += [f"const of{at}: {model} = {json.dumps(one.detail)};" for at, one in enumerate(contract.examples)]
        (folder / "use.ts").write_text("\n".join([*uses, "export {};"]))
    broken: list[dict[str, object]] = [
        {"kind": "barter"},
        {"price": {"currency": "GBP"}},
        {"slot": {"date": "2026-12-05", "hours": [8]}},
        {"unheard": 1},
        {"labels": {"colour": 3}},
        {"final": False},
        {"level": 4},
        {"tree": {"name": "car", "parts": [{"name": 1}]}},
    ]
    lines = ['import { PurchaseApproved } from "./purchaseApproved";']
    for at, change in enumerate(broken):
        lines.append(f"// @ts-expect-error\nconst b{at}: PurchaseApproved = {json.dumps(PURCHASE_DETAIL | change)};")
    (tmp_path / "broken.ts").write_text("\n".join([*lines, "export {};"]))
    checked = check_typescript(tmp_path)
    assert {name: found["errors"] for name, found in checked.items() if found["errors"]} == {}
    assert len(checked) == 10 + 3 * len(CARS.contracts)


def test_a_compiler_that_finds_nothing_would_be_noticed(check_typescript: Check, tmp_path: Path) -> None:
    (tmp_path / "wrong.ts").write_text("const a: number = 'one';")
    assert check_typescript(tmp_path)["wrong.ts"]["errors"] == ["Type 'string' is not assignable to type 'number'."]


def test_descriptions_become_comments_and_atoms_named_types() -> None:
    ((name, text),) = models(CONTRACTS[0], ATOMS, "typescript").items()
    assert name == "purchaseApproved.ts"
    assert "/**\n * A purchase was approved.\n * By whom, it says.\n */\nexport interface PurchaseApproved {" in text
    assert "/** The vehicle's number. */\nexport type Vin = string;" in text
    assert "  /** With tax. */\n  price: Money;" in text
    assert '  kind: "cash" | "finance" | "part exchange";' in text
    assert "    hours: [number, number];".strip() in text


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": ["integer", "null"]}, "number | null"),
        ({"type": "string", "nullable": True}, "string | null"),
        ({"enum": ["a", 1, None, True]}, '"a" | 1 | null | true'),
        ({"const": "it's"}, '"it\'s"'),
        (
            {"type": "array", "items": [{"type": "string"}], "additionalItems": {"type": "integer"}},
            "[(string)?, ...Array<number>]",
        ),
        ({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, "[(string)?, ...Array<number>]"),
        ({"allOf": [{"type": "number"}, {"type": "integer"}]}, "number"),
        ({"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": False}, "Record<string, string>"),
        ({}, "unknown"),
        ({"oneOf": [{"type": "string"}, {"const": 3}]}, "3 | string"),
        ({"not": {"type": "string"}}, "unknown"),
    ],
)
def test_each_keyword_has_its_type(schema: dict[str, object], wanted: str) -> None:
    made = typescript(shaped({"properties": {"x": schema}}, {}, "T"))
    assert f"  x?: {wanted};\n" in made


def test_members_of_a_oneof_beside_properties_are_merged_with_them() -> None:
    schema = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "email": {"type": "string"}, "phone": {"type": "string"}},
        "anyOf": [{"required": ["email"]}, {"required": ["phone"]}],
    }
    made = typescript(shaped(schema, {}, "Contacted"))
    assert "export type Contacted = Contacted1 | Contacted2;" in made
    assert "  email: string;\n  phone?: string;" in made
    assert "  email?: string;\n  phone: string;" in made
