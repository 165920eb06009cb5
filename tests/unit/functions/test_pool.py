"""Which processes are kept warm: only those of what the function is now."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from eventyard.clock import SystemClock
from eventyard.functions import Code, Function, Invocation, Pool, Starter

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:f"
CODE = """
import os, time
def f(event, context):
    while event and not os.path.exists(event): time.sleep(0.01)
    return os.getpid()
"""


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_process_that_was_at_work_when_its_function_changed_is_not_kept(tmp_path: Path) -> None:
    async def call(*_: object) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError

    (tmp_path / "h.py").write_text(CODE)
    clock = SystemClock()
    pool = Pool(Starter(Code(tmp_path / "code"), clock, call, False).start, clock, 2)
    old = Function(
        ARN, "111122223333", "eu-west-1", "f", "python3.11", "role", "h.f", "", 0, 0, "old", path=str(tmp_path),
        python=sys.executable, timeout=30,
    )  # fmt: skip
    go = tmp_path / "go"
    under_way = asyncio.ensure_future(pool.run(old, Invocation("1", msgspec.json.encode(str(go))), None))
    await asyncio.sleep(0)
    new = msgspec.structs.replace(old, revision="new")
    await pool.retire(ARN, "new")
    go.touch()
    first = int((await under_way).payload)
    second = int((await pool.run(new, Invocation("2", b"null"), None)).payload)
    third = int((await pool.run(new, Invocation("3", b"null"), None)).payload)
    assert first != second == third
    assert (lives(first), lives(second)) == (False, True)
    await pool.retire(ARN)
    assert not lives(second)
    again = msgspec.structs.replace(old, revision="again")
    fourth, fifth = [int((await pool.run(again, Invocation("4", b"null"), None)).payload) for _ in range(2)]
    assert fourth == fifth, "a function that is made again under the name of one that is gone is kept warm, too"
    await pool.close(1)
    assert not lives(fifth)
