"""What a subscriber is to do, as one frozen record: whose events, in what form, to which target, how often tried."""

from __future__ import annotations

import random

import msgspec

from eventyard.event import Event, iso_seconds
from eventyard.feed import Backoff, Bury
from eventyard.pattern import Pattern
from eventyard.target import Target
from eventyard.transform import Context, Transform

MAX_ATTEMPTS = 185
MAX_AGE = 86_400


class RetryPolicy(msgspec.Struct, frozen=True):
    """``max_attempts`` retries after the first try, and none once the event is ``max_age`` seconds old.

    The defaults are EventBridge's (User Guide, "Retrying event delivery")."""

    max_attempts: int = MAX_ATTEMPTS
    max_age: int = MAX_AGE

    def delay(self, attempts: int) -> float:
        """Seconds to wait after ``attempts`` failed tries: doubling from 1 s to 10 min, with jitter.

        Ten minutes, of which the jitter takes a quarter on average, spread 185 retries over the 24 hours that AWS
        gives them."""
        return min(2.0 ** min(max(attempts - 1, 0), 10), 600.0) * random.uniform(0.5, 1.0)

    def exhausted(self, attempts: int, ingested: int, next_try: int) -> str | None:
        """The condition that ends retrying after ``attempts`` tries, in the words of AWS's dead-letter attribute."""
        if attempts > self.max_attempts:
            return "MaximumRetryAttempts"
        if next_try - ingested > self.max_age * 1000:
            return "MaximumEventAgeInSeconds"
        return None


class Subscription(msgspec.Struct, frozen=True):
    """One target of one rule. ``name`` is unique and lasting: progress is kept under it. ``bury``: how a dead letter is
    sent where it isn't the event as it is. ``ordered``: an event that has to be tried again holds back all behind it,
    whatever the retry policy says. ``end``: the position after which it gets nothing more."""

    name: str
    bus: str
    rule_arn: str
    rule_name: str
    target_arn: str
    pattern: Pattern
    target: Target
    transform: Transform | None
    retry: Backoff
    dead_letter_arn: str | None
    bury: Bury | None = None
    ordered: bool = False
    end: int | None = None

    def payload(self, event: Event, attempt: int = 1) -> bytes:
        """What the target is to get for ``event`` at this attempt. Raises InvalidRequest where no valid payload
        results."""
        if self.transform is None:
            return event.body
        return self.transform(event.body, Context(self.rule_arn, self.rule_name, iso_seconds(event.ingested), attempt))
