"""Functions: code that users bring, run in processes of its own, at once or when it is its turn."""

from __future__ import annotations

from eventyard.functions.code import Code
from eventyard.functions.functions import MOST_SYNC, Functions
from eventyard.functions.pool import Count, Pool, Write
from eventyard.functions.resources import LATEST, Function, Invocation, Outcome, function_arn
from eventyard.functions.starting import Starter

__all__ = [
    "LATEST",
    "MOST_SYNC",
    "Code",
    "Count",
    "Function",
    "Functions",
    "Invocation",
    "Outcome",
    "Pool",
    "Starter",
    "Write",
    "function_arn",
]
