"""The examples, run as their users do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tests_of_three_services_pass_side_by_side() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "EVENTYARD"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "."]
    done = subprocess.run(
        command, cwd=ROOT / "examples" / "testing", capture_output=True, text=True, timeout=120, env=kept
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr
