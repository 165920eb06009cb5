"""``eventyard codegen`` in a shell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.codegen.contracts import ATOMS, PURCHASE


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    folder.mkdir()
    for at, atom in enumerate(ATOMS.values()):
        (folder / f"{at}.json").write_text(json.dumps(atom))
    for version in (1, 2):
        schema: Any = PURCHASE if version == 1 else {"type": "object", "properties": {"newer": {"type": "string"}}}
        (folder / f"purchase{version}.md").write_text(
            f"# Purchase Approved\n```yaml\ntype: PurchaseApproved\npublisher: sales\nversion: {version}\n```\n"
            f"## Schema\n```json\n{json.dumps(schema)}\n```\n"
        )
    return folder


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eventyard", "codegen", *command], capture_output=True, text=True, timeout=60
    )


def test_models_are_printed_and_take_the_newest_version(contracts: Path) -> None:
    done = _run("models", "PurchaseApproved", "--contracts", contracts)
    assert done.returncode == 0, done.stderr
    assert "class PurchaseApproved(BaseModel):" in done.stdout
    assert "newer: str" in done.stdout
    first = _run("models", "PurchaseApproved", "--contracts", contracts, "--version", "1", "--lang", "typescript")
    assert "export interface PurchaseApproved {" in first.stdout
    assert "vin: Vin;" in first.stdout


def test_a_handler_is_written_and_never_over_what_is_there(contracts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["handler", "PurchaseApproved", "--contracts", contracts, "--style", "msgspec", "--out", out]
    done = _run(*command)
    assert done.returncode == 0, done.stderr
    written = out / "purchase_approved_handler.py"
    assert sorted(out.iterdir()) == [out / "purchase_approved.py", written]
    written.write_text("mine")
    again = _run(*command)
    assert (again.returncode, written.read_text()) == (1, "mine")
    assert "purchase_approved_handler.py in" in again.stderr
    assert _run(*command, "--force").returncode == 0
    assert "async def handle_purchase_approved" in written.read_text()


def test_an_unknown_event_is_named(contracts: Path) -> None:
    done = _run("models", "PurchaseRefused", "--contracts", contracts)
    assert (done.returncode, done.stderr) == (
        1,
        "eventyard: There is no contract for PurchaseRefused. Did you mean PurchaseApproved?\n",
    )
