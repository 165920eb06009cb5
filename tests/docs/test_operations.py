"""The pages on operations and targets say what the server says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["operations", "targets"])
def test_the_page_is_current(page: str) -> None:
    command = [sys.executable, ROOT / "docs" / f"{page}.py"]
    written = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert (ROOT / "docs" / f"{page}.md").read_text() == written, "run `make docs`"
