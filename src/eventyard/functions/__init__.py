"""Functions: code that users bring, run in processes of its own, at once or when it is its turn."""

from __future__ import annotations

from eventyard.functions.code import Code
from eventyard.functions.functions import MOST_SYNC, Functions
from eventyard.functions.pool import Pool
from eventyard.functions.process import Invocation
from eventyard.functions.resources import LATEST, Function, Outcome, function_arn

__all__ = ["LATEST", "MOST_SYNC", "Code", "Function", "Functions", "Invocation", "Outcome", "Pool", "function_arn"]
