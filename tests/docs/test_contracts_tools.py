"""The page on contracts at work: its tour works, and its table has every finding."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from eventyard.contracts.drift import KINDS
from tests.docs.tour import ROOT, script_of, walk

PAGE = "docs/contracts-tools.md"


def test_the_tour_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    told = walk(script_of(PAGE), {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    assert "16 changes made in cars." in told
    assert "0 changes would be made in cars." in told
    copied = {path.name: path.read_bytes() for path in (tmp_path / "copy-of-contracts").rglob("*.md")}
    there = {path.name: path.read_bytes() for path in (tmp_path / "examples/cars/contracts/events").iterdir()}
    assert copied == there
    assert (tmp_path / "catalogue/index.html").exists()
    assert json.loads((tmp_path / "delivery.json").read_text())["asyncapi"] == "3.0.0"


def test_every_finding_of_drift_is_in_the_table() -> None:
    table = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", (ROOT / PAGE).read_text(), re.MULTILINE)
    assert [kind for kind, _ in table] == list(KINDS)
    assert all(meaning.startswith(KINDS[kind]) for kind, meaning in table)  # type: ignore[index]
