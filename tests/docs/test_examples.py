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


def test_a_webhook_of_stripes_ends_in_a_function() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "EVENTYARD"))}
    run = [sys.executable, ROOT / "examples" / "stripe" / "run.py"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, env=kept)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '200 {"accepted":1,"duplicates":0,' in done.stdout
    assert '200 {"accepted":0,"duplicates":1,' in done.stdout
    assert "Somebody else posts a charge: 403 " in done.stdout
    assert "ch_3MmlLrLkdIwHu7ix0snN0B15 10.99 USD" in done.stdout
