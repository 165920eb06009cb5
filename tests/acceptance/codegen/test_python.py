"""Models in Python: imported, given the examples, and checked by a type checker."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pydantic
import pytest

from eventyard.codegen import STYLES, handler, models
from eventyard.codegen.audit import audit
from eventyard.codegen.identifier import snake
from eventyard.contract import Contract
from eventyard.errors import InvalidRequest, Unsupported
from tests.acceptance.codegen.contracts import ATOMS, CONTRACTS, PAYMENT, PURCHASE_DETAIL, contract
from tests.unit.forms.contracts import CARS

Load = Callable[[dict[str, str]], ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    def loaded(files: dict[str, str]) -> ModuleType:
        ((name, text),) = files.items()
        module = ModuleType(name.removesuffix(".py"))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(text, name, "exec"), module.__dict__)
        return module

    return loaded


def _again(style: str, model: Any, detail: Any) -> Any:
    """``detail`` read as ``model`` and written again."""
    if style == "pydantic":
        return model.model_validate(detail).model_dump(mode="json", by_alias=True, exclude_unset=True)
    written = msgspec.json.decode(msgspec.json.encode(msgspec.convert(detail, model)))
    return _without_missing(written, detail) if style == "dataclass" else written


def _without_missing(value: Any, wanted: Any) -> Any:
    """A dataclass writes None for what is missing."""
    if isinstance(value, dict) and isinstance(wanted, dict):
        return {
            name: _without_missing(v, wanted.get(name)) for name, v in value.items() if name in wanted or v is not None
        }
    if isinstance(value, list) and isinstance(wanted, list):
        return [_without_missing(*pair) for pair in zip(value, wanted, strict=True)]
    return value


_REFUSED = {("PaymentFailed", "dataclass"), ("PaymentFailed", "msgspec")}


@pytest.mark.parametrize(
    ("contract", "style"), list(product(CONTRACTS, STYLES)), ids=lambda each: getattr(each, "type", each)
)
def test_an_example_comes_back_as_it_was(contract: Contract, style: str, load: Load) -> None:
    if (contract.type, style) in _REFUSED:
        with pytest.raises(InvalidRequest, match="Choose"):
            models(contract, ATOMS, style=style)
        return
    module = load(models(contract, ATOMS, style=style))
    model = module.__dict__["LotSelected" if contract.type == "lot selected" else contract.type]
    if (contract.type, style) == ("PaymentFailed", "typeddict"):
        return  # a type checker reads it, below; msgspec can't tell dictionaries apart
    for example in contract.examples:
        assert _again(style, model, example.detail) == example.detail


@pytest.mark.parametrize("style", STYLES)
def test_the_contracts_of_the_cars_have_models_that_read_their_examples(style: str, load: Load) -> None:
    read = 0
    for one in CARS.contracts:
        try:
            files = models(one, CARS.atoms, style=style)
        except InvalidRequest as error:
            assert "A dataclass can't have fields named 'from'" in error.message  # noqa: PT017
            continue
        module = load(files)
        for each in one.examples:
            assert _again(style, module.__dict__[one.type], each.detail) == each.detail
            read += 1
    assert read > 15


def test_a_model_refuses_what_is_of_another_type(load: Load) -> None:
    module = load(models(CONTRACTS[0], ATOMS))
    with pytest.raises(pydantic.ValidationError) as caught:
        module.PurchaseApproved.model_validate(PURCHASE_DETAIL | {"kind": "barter", "price": {"currency": "GBP"}})
    assert {error["loc"] for error in caught.value.errors()} == {("kind",), ("price", "amount")}


def test_generated_models_satisfy_a_strict_type_checker(tmp_path: Path) -> None:
    for one, style in product(CONTRACTS, STYLES):
        if (one.type, style) not in _REFUSED:
            for name, text in models(one, ATOMS, style=style).items():
                (tmp_path / f"{style}_{name}").write_text(text)
    for one in CONTRACTS[:2]:
        (tmp_path / f"use_{one.type}.py").write_text(
            f"from typeddict_{snake(one.type)} import {one.type}\n"
            f"example: {one.type} = {one.examples[0].detail!r}\n"
            f"wrong: {one.type} = {{'unheard': 1}}  # type: ignore[typeddict-item,typeddict-unknown-key]\n"
        )
    (tmp_path / "use.py").write_text(
        "from pydantic_purchase_approved import PurchaseApproved, Money\n"
        "def of(event: PurchaseApproved) -> float:\n    return event.price.amount\n"
        "Money(amount=1.0, currency='USD')  # type: ignore[arg-type]\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", *tmp_path.glob("*.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_contract_gives_the_same_text_in_any_process() -> None:
    script = (
        "from eventyard.codegen import STYLES, models\n"
        "from tests.acceptance.codegen.contracts import ATOMS, CONTRACTS\n"
        "print([models(CONTRACTS[0], ATOMS, style=style) for style in STYLES])"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    )
    assert first == second


def test_the_models_say_where_they_come_from_and_what_fields_are_for() -> None:
    ((_, text),) = models(CONTRACTS[0], ATOMS).items()
    assert "from the contract PurchaseApproved of uk.co.cars.sales, version 1" in text
    assert "What the buyer said." in text


def test_a_name_that_would_be_lost_is_refused() -> None:
    properties = {"__class__": {"type": "string"}, "größe": {"type": "string"}}
    dunder = contract("Sold", {"type": "object", "properties": properties})
    with pytest.raises(InvalidRequest, match="A typeddict can't have fields named '__class__'"):
        models(dunder, ATOMS, style="typeddict")
    assert "alias='__class__'" in models(dunder, ATOMS)["sold.py"]
    plain = contract("Sold", {"type": "object", "properties": {"größe": {"type": "string"}}})
    assert all("größe: " in models(plain, ATOMS, style=style)["sold.py"] for style in STYLES)


def test_a_style_that_cannot_say_it_is_refused_with_what_is_wrong() -> None:
    payment = contract("PaymentFailed", PAYMENT)
    with pytest.raises(InvalidRequest, match=r"PaymentFailed.method is one of several objects.*Choose pydantic"):
        models(payment, ATOMS, style="msgspec")
    with pytest.raises(InvalidRequest, match="can't tell apart"):
        handler(payment, ATOMS, style="typeddict")
    with pytest.raises(InvalidRequest, match="A dataclass can't have fields named 'class', 'self-reference'"):
        models(payment, ATOMS, style="dataclass")
    with pytest.raises(InvalidRequest, match="no style attrs"):
        models(payment, ATOMS, style="attrs")
    with pytest.raises(InvalidRequest, match="no language cobol"):
        models(payment, ATOMS, language="cobol")


def test_a_missing_generator_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datamodel_code_generator", None)
    with pytest.raises(Unsupported, match=r"eventyard\[codegen\]"):
        models(CONTRACTS[0], ATOMS)


@pytest.mark.parametrize(
    "source",
    [
        "import os\n",
        "from os import system\n",
        "from typing import *\n",
        "class A:\n    x: int = print()\n",
        "class A:\n    x: int = [y for y in ()]\n",
        "class A:\n    def f(self): ...\n",
        "class A:\n    print()\n",
        "A = (lambda: 1)\n",
        "A = f'{1}'\n",
        "A = int.__subclasses__\n",
        "A = eval\n",
        "from typing import Any\nAny.model_rebuild(1)\n",
        "from typing import Any\nAny\n",
        "# \u202e\n",
        "if True: pass\n",
        "class A(:\n",
    ],
)
def test_the_audit_lets_nothing_through_but_types(source: str) -> None:
    with pytest.raises(InvalidRequest, match="isn't only types"):
        audit(source)


def test_the_audit_takes_types() -> None:
    assert audit("class A(object):\n    '''Text.'''\n    x: int | None = -1\n\n\nA.model_rebuild()\n") == {"A": ["x"]}
    assert isinstance(ast.parse("1"), ast.Module)
