"""What functions do gives way to the server, but not on a developer's machine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from eventyard.clock import SystemClock
from eventyard.functions import Code, Function, Invocation, Pool, Starter

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:f"
ASK = "import os, subprocess, sys\nNICE = 'import os; print(os.getpriority(os.PRIO_PROCESS, 0))'\n"
CODE = f"{ASK}def f(event, context): return int(subprocess.check_output([sys.executable, '-c', NICE]))\n"


@pytest.mark.parametrize("kind", ["python", "command"])
@pytest.mark.parametrize("dev", [False, True], ids=["serve", "dev"])
async def test_what_a_function_starts_gives_way_to_the_server(tmp_path: Path, dev: bool, kind: str) -> None:
    async def call(*_: object) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError

    (tmp_path / "h.py").write_text(CODE)
    how: dict[str, Any] = {"python": sys.executable}
    if kind == "command":
        how = {"command": (sys.executable, "-c", "import h; print(h.f(None, None))")}
    clock = SystemClock()
    pool = Pool(Starter(Code(tmp_path / "code"), clock, call, dev).start, clock, 2)
    function = Function(
        ARN, "111122223333", "eu-west-1", "f", "python3.11", "role", "h.f", "", 0, 0, "1", path=str(tmp_path),
        timeout=60, environment={"PYTHONPATH": str(tmp_path)}, **how,
    )  # fmt: skip
    outcome = await pool.run(function, Invocation("i", b"1"), None)
    await pool.close(1)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert json.loads(outcome.payload) == (own if dev else 19), outcome
