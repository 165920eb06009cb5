"""The example of the page on logs, run as it stands against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.acceptance.server import Server

_EXAMPLE = re.compile(r"<!-- run -->\n```python\n(.*?)```", re.DOTALL)
_PAGE = Path(__file__).parents[2] / "docs/logs.md"


def test_the_example_finds_its_event_in_the_log(tmp_path: Path) -> None:
    (script,) = _EXAMPLE.findall(_PAGE.read_text())
    server = Server(tmp_path)
    try:
        place = {
            "AWS_ACCESS_KEY_ID": "000000000001",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": server.url,
        }
        done = subprocess.run(
            [sys.executable, "-c", script], env=os.environ | place, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stdout) == (0, "LotSelected\n"), done.stderr
    finally:
        server.stop()
    assert list(tmp_path.glob("logs/000000000001/us-east-1/*/*/*.jsonl"))
