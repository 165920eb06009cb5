"""TypeScript's own compiler, from the lock of npm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.npm import packages

HERE = Path(__file__).parent / "typescript"

Checked = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="session")
def check_typescript() -> Callable[[Path], Checked]:
    """Checks all files of a folder: what the compiler says about each, and the kinds of nodes in it."""
    packages(HERE)

    def check(folder: Path) -> Checked:
        done = subprocess.run(["node", HERE / "check.js", folder], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        answer: Any = json.loads(done.stdout)
        return answer  # type: ignore[no-any-return]

    return check
