"""What tests take from npm: what the lock beside them says, fetched once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def packages(folder: Path) -> Path:
    """The ``node_modules`` of ``folder``. Skips the test where there is no Node, or npm can't get them."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed")
    found = folder / "node_modules"
    if not (found / ".package-lock.json").is_file():
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm could not get what {folder.name} needs: {done.stderr[-300:]}")
    return found
