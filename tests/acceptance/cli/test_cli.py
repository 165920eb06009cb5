"""The command line, as a person uses it."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

EVENTYARD = [sys.executable, "-m", "eventyard"]


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EVENTYARD, *args], capture_output=True, text=True, timeout=120)


def test_demo_tells_the_story_and_ends_with_status_0() -> None:
    done = run("demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every service received exactly what it should" in done.stdout
    assert "NO_RESOURCE" in done.stdout
    assert "but the event has 9500" in done.stdout


def test_no_other_address_than_loopback_without_authentication(tmp_path: Path) -> None:
    done = run("serve", "--host", "0.0.0.0", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "--credentials FILE" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_servers_cannot_share_a_data_directory(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*EVENTYARD, "dev", "--port", "0", "--data", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        url = next(line.strip().rpartition("=")[2] for line in first.stdout if "AWS_ENDPOINT_URL=" in line)
        second = run("serve", "--port", "0", "--data", str(tmp_path))
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            assert answer.status == 200
        first.send_signal(signal.SIGTERM)
        assert first.wait(10) == 0
    assert second.returncode == 1
    assert str(tmp_path) in second.stderr
    assert "Traceback" not in second.stderr


def test_put_says_what_is_wrong() -> None:
    nobody = run("put", "a", "B", "{}", "--endpoint", "http://127.0.0.1:9")
    assert nobody.returncode == 1
    assert "Start one with `eventyard dev`" in nobody.stderr
