"""TypeScript's own compiler, from the lock of npm."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "typescript"

Checked = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="session")
def check_typescript() -> Callable[[Path], Checked]:
    """Checks all files of a folder: what the compiler says about each, and the kinds of nodes in it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed")
    if not (HERE / "node_modules" / "typescript").is_dir():
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm could not get the compiler: {done.stderr[-300:]}")

    def check(folder: Path) -> Checked:
        done = subprocess.run(["node", HERE / "check.js", folder], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        answer: Any = json.loads(done.stdout)
        return answer  # type: ignore[no-any-return]

    return check
