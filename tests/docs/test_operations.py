"""The page on operations says what the doors say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_on_operations_is_current() -> None:
    command = [sys.executable, ROOT / "docs" / "operations.py"]
    written = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert (ROOT / "docs" / "operations.md").read_text() == written, "run `make docs`"
