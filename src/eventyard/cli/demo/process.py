"""The demo's server: a process of its own on a free loopback port, its data in a temporary directory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventyard.errors import Broken


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a development server that lives as long as the block. Raises Broken if it does not start."""
    command = [sys.executable, "-m", "eventyard", "dev", "--port", "0", "--data", str(folder / "data")]
    log = folder / "server.log"
    with log.open("wb") as errors:
        # In a process group of its own: Ctrl-C is for the demo, which then stops the server in good order.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, process_group=0)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "AWS_ENDPOINT_URL=" in line:
                yield line.strip().rpartition("=")[2]
                return
        raise Broken(f"The demo's server did not start:\n{log.read_text(errors='replace')}")
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
