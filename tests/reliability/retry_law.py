"""What retries must keep to, stated without the product's code, and the judge that holds a history against it.

A failed delivery is tried again after 1, 2, 4 ... 600 s, of which jitter takes up to a half, and not before a target
that named a time allows it; at most ``attempts`` times, and never once the event is ``age`` old. What is exhausted or
refused is dead-lettered, saying why (EventBridge user guide, "Retrying event delivery" and "Using dead-letter queues").
A crash may take back what happened in its last 50 ms, and nothing else.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from eventyard.target import Delivered, Permanent, Retry

from .retry_history import HANG, Attempt, History, Letter, Life
from .retry_plan import Place

#: Seconds before a crash that may be forgotten: twice what the ledger waits.
FORGIVEN = 0.05
#: Seconds that a due delivery may be late: it waits for those of its target that are under way, ten at a time.
SLACK = 0.5
_HELD = 6.0


def shortest(tries: int) -> float:
    return 0.5 * longest(tries)


def longest(tries: int) -> float:
    return float(min(2 ** min(max(tries - 1, 0), 10), 600))


@dataclass
class _Case:
    """One event for one target, while the judge goes through what happened. ``sure`` to ``most`` tries are counted by
    an engine that may have forgotten some. ``whys``: what the last tries that it may remember said."""

    sure: int = 0
    most: int = 0
    over: float | None = None
    refused: bool = False
    previous: float | None = None
    earliest: float = 0.0
    latest: float = 0.0
    whys: tuple[tuple[str, str], ...] = ()


class Judge:
    """``faults``: each broken law in a sentence."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.faults: list[str] = []

    def judge(self) -> list[str]:
        if self._history.unsettled:
            self.faults.append(f"{self._history.unsettled} deliveries never came to an end")
        for place in self._history.plan.places:
            for number in self._history.published:
                self._case(place, number)
        for key in self._history.attempts.keys() | self._history.letters.keys():
            if key[1] not in self._history.published:
                self.faults.append(f"{key}: nobody published this")
        return self.faults

    def _case(self, place: Place, number: int) -> None:
        history, case = self._history, _Case()
        key, published = (place.name, number), history.published[number]
        case.earliest, case.latest = published, published + SLACK + self._waits(place)
        attempts = [(attempt.start, 0, attempt) for attempt in history.attempts.get(key, [])]
        letters = [(letter.at, 1, letter) for letter in history.letters.get(key, [])]
        for at, kind, what in sorted([*attempts, *letters], key=lambda each: each[:2]):
            self._forget(case, at)
            if case.over is not None and not case.refused:
                self._say(key, at, f"something happened after its end at {case.over:.3f}")
            if kind == 0:
                self._attempt(key, place, case, what)
            else:
                self._letter(key, place, case, what)
        self._end(key, place, case)

    def _attempt(self, key: tuple[str, int], place: Place, case: _Case, attempt: Attempt) -> None:
        history, published = self._history, self._history.published[key[1]]
        at, end, answer = attempt.start, attempt.end, attempt.answer
        if case.sure > place.policy.attempts:
            self._say(key, at, f"try {case.sure + 1}, where {place.policy.attempts} retries are allowed")
        if case.sure and at > published + place.policy.age + 0.01:
            self._say(key, at, f"tried when {at - published:.0f} s old, where {place.policy.age} s are allowed")
        if at < case.earliest - 0.002:
            self._say(key, at, f"tried {case.earliest - at:.3f} s before its back-off was over")
        latest = max([case.latest, *(life.start + SLACK + self._waits(place) for life in self._lives_after(case, at))])
        if at > latest + (_HELD if case.refused else 0.0):
            self._say(key, at, f"tried {at - latest:.3f} s too late")
        case.over, case.refused = None, False
        if answer is None or end is None or self._crashed_after(end):
            # Its outcome, if it had one, may be forgotten: it may be repeated at once, or count as a try.
            case.most += 1
            case.latest = self._wait(case, answer, end or at)[1] + self._waits(place)
            if answer is not None:
                case.whys = (*case.whys, (answer.code, answer.message)) if not isinstance(answer, Delivered) else ()
            if isinstance(answer, Delivered):
                case.over = end
            case.previous = end
            return
        if isinstance(answer, Retry):
            if answer.called:
                case.sure, case.most = case.sure + 1, case.most + 1
            case.earliest, case.latest = self._wait(case, answer, end)
            case.latest += self._waits(place)
        else:
            case.over = end
            case.sure, case.most = case.sure + 1, case.most + 1
        if isinstance(answer, Permanent):
            # The engine asks again where it found no room for the letter.
            case.refused = history.plan.letters_are_full(end)
            case.over = None
            case.earliest, case.latest = end if case.refused else math.inf, end + SLACK
        case.whys = () if isinstance(answer, Delivered) else ((answer.code, answer.message),)
        case.previous = end

    def _letter(self, key: tuple[str, int], place: Place, case: _Case, letter: Letter) -> None:
        published, told = self._history.published[key[1]], letter.attributes
        if not place.letters:
            self._say(key, letter.at, "a dead letter where none was asked for")
        if (told["ERROR_CODE"], told["ERROR_MESSAGE"]) not in case.whys:
            self._say(key, letter.at, f"a dead letter for another reason than that of the last try: {dict(told)}")
        if not max(case.sure - 1, 0) <= int(told["RETRY_ATTEMPTS"]) <= max(case.most - 1, 0):
            self._say(key, letter.at, f"RETRY_ATTEMPTS {told['RETRY_ATTEMPTS']}, not {case.sure - 1}")
        if not (told["RULE_ARN"].endswith(f"rule/{place.name}") and told["TARGET_ARN"].endswith(place.name)):
            self._say(key, letter.at, f"a dead letter of another rule or target: {dict(told)}")
        condition = told.get("EXHAUSTED_RETRY_CONDITION")
        refused = any(code == "NO_RESOURCE" for code, _ in case.whys)
        if condition == "MaximumRetryAttempts":
            right = case.sure <= place.policy.attempts + 1 <= case.most
        elif condition == "MaximumEventAgeInSeconds":
            right = (case.refused or not refused) and max(case.latest, letter.at) > published + place.policy.age
        else:
            right = condition is None and refused
        if not right:
            self._say(key, letter.at, f"{condition} after {case.sure} tries in {letter.at - published:.0f} s")
        case.over, case.refused = letter.at, False

    def _end(self, key: tuple[str, int], place: Place, case: _Case) -> None:
        """Whether it came to its end, and the product says so itself."""
        outcome, _ = self._history.fates.get(key, ("delivered", 0))
        ended = case.over is not None
        published, last = self._history.published[key[1]], self._history.lives[-1].start
        if place.letters:
            if not ended:
                self._say(key, last, f"neither delivered nor dead-lettered after {case.most} tries")
        elif not ended:
            exhausted = case.most > place.policy.attempts or max(case.latest, last) > published + place.policy.age
            refused = any(code == "NO_RESOURCE" for code, _ in case.whys)
            if not (exhausted or refused):
                self._say(key, last, f"dropped after {case.most} tries, though more were allowed")
            if outcome != "dropped":
                self._say(key, last, f"dropped, but its fate is {outcome}")

    def _wait(self, case: _Case, answer: object, end: float) -> tuple[float, float]:
        """When the next try may be, at the earliest and the latest."""
        after = (answer.after or 0.0) if isinstance(answer, Retry) else 0.0
        return end + max(after, shortest(case.sure)), end + max(after, longest(case.most)) + SLACK

    def _waits(self, place: Place) -> float:
        return 4 * HANG if place.mood == "hangs" else 0.0

    def _forget(self, case: _Case, at: float) -> None:
        """If a crash came between the last thing and ``at``, take back what it may have taken back."""
        if case.previous is None and case.over is None:
            return
        moment = case.over if case.over is not None else case.previous
        if moment is not None and self._crashed_between(moment, at):
            case.over = None
            case.earliest = 0.0

    def _crashed_between(self, moment: float, at: float) -> bool:
        return any(life.crashed and moment <= life.end <= min(moment + FORGIVEN, at) for life in self._history.lives)

    def _crashed_after(self, moment: float) -> bool:
        return any(life.crashed and moment <= life.end <= moment + FORGIVEN for life in self._history.lives)

    def _lives_after(self, case: _Case, at: float) -> list[Life]:
        """The lives that began between the last thing and ``at``: what fell due meanwhile is made up for then."""
        begin = case.previous or 0.0
        return [after for _, after in itertools.pairwise(self._history.lives) if begin < after.start <= at]

    def _say(self, key: tuple[str, int], at: float, what: str) -> None:
        self.faults.append(f"seed {self._history.plan.seed}, target {key[0]}, event {key[1]}, at {at:.3f} s: {what}")
