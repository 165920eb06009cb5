"""The command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def contracts(*arguments: str, folder: Path | None = None, endpoint: str = "", **environment: str) -> tuple[int, str]:
    """Status and all that was written by ``eventyard contracts ...``."""
    known = {"AWS_ENDPOINT_URL": endpoint} if endpoint else {}
    done = subprocess.run(
        [sys.executable, "-m", "eventyard", "contracts", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1", **known, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
