"""A disk that fills up: senders are told to send again, and once there is room nothing is missing and nothing twice."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server import Server
from tests.acceptance.webhooks.sending import Reply, add, event, on_bus, send

PAD = "x" * 400_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a file system can't be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_told_and_loses_nothing(small_disk: Path) -> None:
    server = Server(small_disk / "data")
    try:
        add(server.url, "stripe", archive=True)
        taken, number = [], 0

        def post(number: int) -> Reply:
            return send(server.url, "stripe", body=event(f"evt_{number}", pad=PAD))

        while (reply := post(number)).status == 200:
            taken.append(f"evt_{number}")
            number += 1
            assert number < 100, "32 MiB took 80 MB"
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert len(taken) > 5
        subprocess.run(["mount", "-o", "remount,size=96m", str(small_disk)], check=True)
        assert post(number).status == 200
        assert post(0).json["duplicates"] == 1
        there = [each["detail"]["id"] for each in on_bus(server.url)]
        assert sorted(there) == sorted(set(there)), "nothing came twice"
        assert {*taken, f"evt_{number}"} <= set(there)
    finally:
        server.stop()
