"""The page on contracts says what the code says, and what it shows works."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

from eventyard.contract import from_files
from eventyard.contract.document import SETTINGS
from eventyard.contracts.conventions import conventions
from tests.docs.tour import ROOT, script_of

PAGE = (ROOT / "docs/contracts.md").read_text()


def test_the_table_of_rules_is_current() -> None:
    page = runpy.run_path(str(ROOT / "docs/rules.py"))["page"]
    assert page(PAGE) == PAGE, "run `make docs`"
    assert page(PAGE).count("| `") > 60


def test_every_setting_is_there() -> None:
    table = PAGE[PAGE.index("| setting |") : PAGE.index("Paths have dots")]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(SETTINGS)


def test_what_it_shows_is_a_contract_and_conventions() -> None:
    (document,) = re.findall(r"````markdown\n(.*?)````", PAGE, re.DOTALL)
    vin = (ROOT / "examples/cars/contracts/atoms/vin.json").read_text()
    repository = from_files({"a.md": document, "vin.json": vin})
    assert [each.findings for each in repository.documents] == [()]
    (said,) = re.findall(r"```yaml\n(services:.*?)```", PAGE, re.DOTALL)
    found = conventions(said)
    assert (found.findings, found.case, len(found.off)) == ((), "PascalCase", 2)


def test_the_tour_works(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    script = script_of("docs/contracts.md")
    assert script.count("eventyard contracts") == 4
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "All is well with 16 documents and 13 atoms." in done.stdout
    assert "car-washed.md is written." in done.stdout
    assert "detail: without vrm /vrm: vrm is missing" in done.stdout
    assert (tmp_path / "entries.json").read_text().count('"PriceReduced"') == 5
