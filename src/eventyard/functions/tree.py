"""Ends a process with all that came of it, even what left its group, its session and its environment behind.

On Linux only, which tells whose children are whose; elsewhere it ends the process alone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

#: Seconds after which what does not die (it hangs in the kernel) is left to it.
_LONGEST = 2.0
#: Looks in a row that must find nothing, and seconds between them.
_LOOKS, _PAUSE = 12, 0.001


def end(pid: int) -> None:
    """Returns when the process and its descendants are dead, or dying.

    First all are stopped, so that nothing gets away while the others are looked for; the process itself is killed last,
    because what loses its parent becomes a child of it, if it asked for that (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    last = time.monotonic() + _LONGEST
    _send(pid, signal.SIGSTOP)
    found: set[int] = set()
    while (new := _descendants(pid) - found) and time.monotonic() < last:
        found |= new
        for process in new:
            _send(process, signal.SIGSTOP)
    for process in found:
        _send(process, signal.SIGKILL)
    # Their ids are nobody else's before their parent, which is stopped, has asked for their end.
    # What forks and ends all the time may be missed by one look (proc(5), "children"), but not by many.
    killed: set[int] = set()
    quiet = 0
    while quiet < _LOOKS and time.monotonic() < last:
        new = _children(pid) - killed
        for process in new:
            _send(process, signal.SIGKILL)
        killed |= new
        quiet = 0 if new or any(_runs(process) for process in killed) else quiet + 1
        time.sleep(_PAUSE)
    _send(pid, signal.SIGKILL)


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    left = [pid]
    while left:
        new = _children(left.pop()) - found
        found |= new
        left += new
    return found


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    with contextlib.suppress(OSError):  # it may be gone
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
                found |= {int(child) for child in text.split()}
    return found


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
