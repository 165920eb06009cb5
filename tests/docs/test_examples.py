"""The examples, run as their users do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.tour import script_of, walk

ROOT = Path(__file__).parents[2]


def test_the_tests_of_three_services_pass_side_by_side() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "EVENTYARD"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "."]
    done = subprocess.run(
        command, cwd=ROOT / "examples" / "testing", capture_output=True, text=True, timeout=120, env=kept
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_an_example_says_what_it_needs_where_eventyard_is_not() -> None:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = [sys.executable, "-S", ROOT / "examples" / "stripe" / "run.py"]  # without what is installed
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, env=kept)
    assert done.returncode == 1
    assert "Run `make setup` in the checkout once, then .venv/bin/python examples/stripe/run.py." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_webhook_of_stripes_ends_in_a_function() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "EVENTYARD"))}
    run = [sys.executable, ROOT / "examples" / "stripe" / "run.py"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, env=kept)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '200 {"accepted":1,"duplicates":0,' in done.stdout
    assert '200 {"accepted":0,"duplicates":1,' in done.stdout
    assert "Somebody else posts a charge: 403 " in done.stdout
    assert "ch_3MmlLrLkdIwHu7ix0snN0B15 10.99 USD" in done.stdout


@pytest.mark.parametrize(("folder", "receipt"), [("sam", "R-abc-123"), ("serverless", "R-ch_1")])
def test_the_readme_of_an_example_leads_to_its_receipt(folder: str, receipt: str) -> None:
    script = script_of(f"examples/{folder}/README.md")
    assert script.count("receive-message") == 1
    out = walk(f"cd examples/{folder}\n{script}")
    assert receipt in out[out.index('"Messages"') :]
