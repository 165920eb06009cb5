"""What is wrong with a repository of contracts, with its place and with what to do about it.

One rule is one function; the table of all rules is in :mod:`eventyard.contracts.lint.table`."""

from eventyard.contracts.lint.linting import lint
from eventyard.contracts.lint.rule import Rule
from eventyard.contracts.lint.table import RULES

__all__ = ["RULES", "Rule", "lint"]
