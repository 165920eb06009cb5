"""Waiting for what comes about by and by."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(check: Callable[[], Any], seconds: float = 15) -> Any:
    """What ``check`` answers, once that is true; it must be before the time is over."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
