"""Whether two versions of a contract get along: verdicts that are proven or shown by a counter-example, and reasons."""

from eventyard.contracts.compatibility.change import Change
from eventyard.contracts.compatibility.comparison import EventChange, compare
from eventyard.contracts.compatibility.judge import Side, judge
from eventyard.contracts.compatibility.verdict import Direction, Verdict

__all__ = ["Change", "Direction", "EventChange", "Side", "Verdict", "compare", "judge"]
