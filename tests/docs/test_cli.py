"""The reference of the commands says what the commands say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_reference_of_the_commands_is_current(tmp_path: Path) -> None:
    written = tmp_path / "cli.md"
    typer = Path(sys.executable).with_name("typer")
    command = [typer, "eventyard.cli.app", "utils", "docs", "--name", "eventyard", "--output", written]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert (ROOT / "docs" / "cli.md").read_text() == written.read_text(), "run `make docs`"
