"""What functions print: kept by lines, and handed on to whoever keeps logs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from eventyard.clock import SystemClock
from eventyard.functions import Code, Function, Invocation, Pool, Starter
from eventyard.functions.output import Output

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:f"


async def test_the_last_thousand_lines_are_kept_and_what_is_no_utf8_is_shown() -> None:
    output = Output()
    os.write(output.writing, b"\xff first\n" + b"".join(b"%d\n" % n for n in range(2000)) + b"no end")
    lines = output.take()
    assert len(lines) == 1000
    assert lines[-2:] == ["1999", "no end"]
    os.write(output.writing, b"\xff\n")
    assert output.take() == ["�"]
    assert output.take() == []
    os.close(output.writing)
    output.close()


async def test_a_line_without_end_is_cut() -> None:
    output = Output()
    for _ in range(4):
        os.write(output.writing, b"x" * 60_000)
        assert len("".join(output.take())) == 60_000
    os.close(output.writing)
    assert output.take() == []
    output.close()


@pytest.mark.parametrize("broken", [False, True], ids=["taken", "refused"])
async def test_what_an_invocation_printed_is_handed_to_who_writes_logs(tmp_path: Path, broken: bool) -> None:
    written: list[tuple[str, str, list[str]]] = []

    def write(group: str, stream: str, lines: Sequence[str]) -> None:
        written.append((group, stream, list(lines)))
        if broken:
            raise ValueError("no room")

    async def call(*_: object) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError

    (tmp_path / "h.py").write_text(
        "import os\ndef f(event, context):\n    print('one\\ntwo')\n    os.write(2, b'raw\\n')\n"
    )
    clock = SystemClock()
    pool = Pool(Starter(Code(tmp_path / "code"), clock, call, False).start, clock, 2, write)
    function = Function(
        ARN, "111122223333", "eu-west-1", "f", "python3.11", "role", "h.f", "", 0, 0, "1", path=str(tmp_path),
        python=sys.executable,
    )  # fmt: skip
    for _ in range(2):
        outcome = await pool.run(function, Invocation("i", b"1"), None)
        assert (outcome.payload, outcome.log) == (b"null", b"one\ntwo\nraw\n")
    await pool.close(1)
    group = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f"
    assert [(where, lines) for where, _, lines in written] == [(group, ["one", "two", "raw"])] * 2
    assert len({stream for _, stream, _ in written}) == 1
