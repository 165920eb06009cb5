"""The example of the page on streams and files, run as it stands against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from tests.acceptance.server import Server

_EXAMPLE = re.compile(r"<!-- run -->\n```python\n(.*?)```", re.DOTALL)
_PAGE = Path(__file__).parents[2] / "docs/streams.md"


def test_the_example_makes_a_file_of_parquet(tmp_path: Path) -> None:
    (script,) = _EXAMPLE.findall(_PAGE.read_text())
    server = Server(tmp_path)
    try:
        credentials = {
            "AWS_ACCESS_KEY_ID": "000000000001",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        done = subprocess.run(
            [sys.executable, "-c", script.replace("http://127.0.0.1:4010", server.url)],
            env=os.environ | credentials,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        end, found = time.monotonic() + 20, list[Path]()
        while not found and time.monotonic() < end:
            found = list((tmp_path / "firehose/lake/sales/country=uk").rglob("sales-1-*.parquet"))
            time.sleep(0.05)
        (path,) = found
        assert pq.ParquetFile(path).read().to_pylist() == [{"country": "uk", "vin": "V1", "price": 9500}]
    finally:
        server.stop()
