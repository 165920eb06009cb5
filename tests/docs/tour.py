"""The tours that documents show: blocks of commands that are run as they stand, against a server of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TOUR = re.compile(r"<!-- tour -->\n```(sh|python)\n(.*?)```", re.DOTALL)


def script_of(page: str) -> str:
    """The tour of a page, by its path in the repository, as one shell script."""
    return "\n".join(_shell(*found) for found in _TOUR.findall((ROOT / page).read_text()))


def walk(script: str, environment: Mapping[str, str] | None = None) -> str:
    """What the script prints. It and its server must end well."""
    command = [sys.executable, "-m", "eventyard", "dev", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            lines = iter(server.stdout)
            url = next(line.strip().rpartition("=")[2] for line in lines if "AWS_ENDPOINT_URL=" in line)
            path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            more = {"AWS_ENDPOINT_URL": url, **environment} if environment else {}
            done = subprocess.run(
                ["bash", "-euc", script.replace("http://127.0.0.1:4010", url)],
                env=os.environ | {"PATH": path, "AWS_PAGER": ""} | more,
                capture_output=True,
                text=True,
                timeout=120,
            )
        finally:
            server.terminate()
    assert done.returncode == 0, done.stderr
    assert server.returncode == 0
    return done.stdout


def _shell(language: str, block: str) -> str:
    """A block as shell, Python through the interpreter's standard input."""
    return block if language == "sh" else f"python - <<'PYTHON'\n{block}PYTHON\n"
