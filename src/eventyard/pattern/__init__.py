"""Event patterns: reading them, matching events against many at once, and explaining why one did not match.

The law, with its sources, is ``PATTERNS.md`` beside this file. This room does no I/O and knows no rules or buses.
"""

from eventyard.pattern.explain import Explanation, explain
from eventyard.pattern.matcher import Matcher
from eventyard.pattern.parse import parse
from eventyard.pattern.structure import Condition, Pattern, matches

__all__ = ["Condition", "Explanation", "Matcher", "Pattern", "explain", "matches", "parse"]
