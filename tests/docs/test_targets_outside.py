"""The page on targets outside: its tour walked with a real NATS server, and its plug-in installed as a package."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.acceptance.server import Server
from tests.acceptance.waiting import until
from tests.docs.tour import ROOT, script_of, walk

_PAGE = "docs/targets-outside.md"
_PLUGIN = re.compile(r"<!-- plug-in -->\n```python\n(.*?)```\n\n```toml\n(.*?)```", re.DOTALL)
_DEVELOPMENT = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def test_the_tour_ends_in_a_stream(server_of: Callable[[str], Any], tmp_path: Path) -> None:
    nats = server_of("nats")
    asyncio.run(nats.make("lots", ["lots.*"]))
    (tmp_path / "key").write_text("hush\n")
    # The server of the tour ends with it, so the event must be there before.
    script = (
        script_of(_PAGE).replace("nats://127.0.0.1:4222", nats.url).replace("@key", f"@{tmp_path / 'key'}")
        + "\nuntil eventyard targets show lots | grep -q '2 delivered'; do sleep 0.1; done\n"
    )
    said = walk(script, _DEVELOPMENT)
    assert "arn:aws:events:us-east-1:123456789012:target/lots" in said
    assert "Delivered: event" in said
    assert "arn:aws:events:us-east-1:123456789012:target/production" in said
    messages = asyncio.run(nats.messages("lots"))
    assert [(subject, json.loads(data)["detail-type"]) for subject, data, _ in messages] == [
        ("lots.VIN1", "TargetTested"),
        ("lots.VIN2", "LotSelected"),
    ]


def test_the_plug_in_is_a_kind_once_its_package_is_installed(tmp_path: Path) -> None:
    ((code, points),) = _PLUGIN.findall((ROOT / _PAGE).read_text())
    (group, point) = re.fullmatch(r'\[project\.entry-points\."(.*)"\]\n(.*)\n', points).groups()  # type: ignore[union-attr]  # it is in the document
    site, info = tmp_path / "site", tmp_path / "site" / "my_package-1.dist-info"
    info.mkdir(parents=True)
    (site / "my_package.py").write_text(code)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_package\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{point.replace(chr(34), '')}\n")
    os.environ["PYTHONPATH"] = str(site)
    try:
        server = Server(tmp_path / "data")
    finally:
        del os.environ["PYTHONPATH"]
    try:
        command = [sys.executable, "-m", "eventyard", "targets"]
        where = {
            "env": os.environ | _DEVELOPMENT | {"AWS_ENDPOINT_URL": server.url},
            "capture_output": True,
            "text": True,
        }
        lines = tmp_path / "lines"
        added = subprocess.run([*command, "add", "file", "lines", f"path={lines}"], **where)
        assert added.stdout.strip() == "arn:aws:events:us-east-1:123456789012:target/file", added.stderr
        wrong = subprocess.run([*command, "add", "file", "lines", "file=x"], **where)
        assert "unknown field `file`" in wrong.stderr
        subprocess.run([*command, "test", "file"], check=True, **where)
        assert until(lambda: lines.exists() and json.loads(lines.read_text())["detail-type"]) == "TargetTested"
    finally:
        server.stop()
