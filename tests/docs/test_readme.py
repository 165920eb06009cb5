"""The README's tour, run as it stands against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TOUR = re.compile(r"<!-- tour -->\n```(sh|python)\n(.*?)```", re.DOTALL)


def _shell(language: str, block: str) -> str:
    """A block as shell, Python through the interpreter's standard input."""
    return block if language == "sh" else f"python - <<'PYTHON'\n{block}PYTHON\n"


def test_the_tour_of_the_readme_works() -> None:
    script = "\n".join(_shell(*found) for found in _TOUR.findall((ROOT / "README.md").read_text()))
    assert script.count("put-targets") == 1
    command = [sys.executable, "-m", "eventyard", "dev", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            lines = iter(server.stdout)
            url = next(line.strip().rpartition("=")[2] for line in lines if "AWS_ENDPOINT_URL=" in line)
            path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            done = subprocess.run(
                ["bash", "-euc", script.replace("http://127.0.0.1:4010", url)],
                env=os.environ | {"PATH": path, "AWS_PAGER": ""},
                capture_output=True,
                text=True,
                timeout=120,
            )
        finally:
            server.terminate()
    assert done.returncode == 0, done.stderr
    assert server.returncode == 0
    assert "XY34 ZAB" in done.stdout
    received = done.stdout[done.stdout.index('"Messages"') : done.stdout.index("detail.amount:")]
    assert "AB12 CDE" not in received
    assert "expected numeric > 20000, but the event has 9500" in done.stdout
    assert "failed: 0" in done.stdout
