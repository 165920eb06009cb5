"""What a seed means: events, targets that misbehave in their own ways, and when the engine stops or dies.

It decides everything before anything runs, so that a failing seed fails again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

MOODS = ("dead", "heals", "flaps", "moody", "busy", "hangs", "leaves", "shut")

HOUR = 3600.0


@dataclass(frozen=True)
class Policy:
    """What the rule says: so many retries after the first try, and none after so many seconds."""

    attempts: int
    age: int


@dataclass
class Place:
    """One target. ``turns``: moments (s) at which it goes down (the first) and up again, alternately."""

    name: str
    mood: str
    policy: Policy
    letters: bool
    turns: list[float]
    luck: random.Random

    def is_up(self, now: float) -> bool:
        return sum(turn <= now for turn in self.turns) % 2 == 0


@dataclass(frozen=True)
class End:
    """The engine ends at ``at`` (s), or ``after`` so many attempts and ``delay`` seconds, and is away for ``away``."""

    crash: bool
    away: float
    at: float | None = None
    after: int = 0
    delay: float = 0.0


@dataclass
class Plan:
    """``full``: spans (s) in which dead-letter queues take nothing."""

    seed: int
    places: list[Place] = field(default_factory=list)
    publishing: list[float] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    full: list[tuple[float, float]] = field(default_factory=list)

    def letters_are_full(self, now: float) -> bool:
        return any(start <= now < end for start, end in self.full)


def plan(seed: int) -> Plan:
    """The plan of ``seed``. Every third has EventBridge's own policy for all: 185 retries, 24 hours."""
    dice = random.Random(seed)
    made = Plan(seed, publishing=sorted(dice.uniform(0, HOUR) for _ in range(dice.randint(1, 6))))
    for number in range(dice.randint(1, 3)):
        policy = Policy(185, 86_400)
        if seed % 3:
            attempts = dice.choice((0, 1, 2, 5, 20, 60, 185))
            policy = Policy(attempts, dice.choice((60, 300, 1800, 7200, 86_400)))
        mood = dice.choice(MOODS)
        longest = dice.choice((60.0, 600.0, 4 * HOUR))
        turns, at = [0.0], 0.0
        while mood == "flaps" and at < 30 * HOUR and len(turns) < 400:
            at += dice.uniform(longest / 20, longest)
            turns.append(at)
        if mood in ("heals", "leaves"):
            turns.append(dice.uniform(0, dice.choice((HOUR, 26 * HOUR))))
        luck = random.Random(f"{seed}/{number}")
        made.places.append(Place(f"t{number}", mood, policy, dice.random() < 0.8, turns, luck))
    for _ in range(dice.choice((0, 0, 1, 2, 4))):
        away = dice.choice((0.0, dice.uniform(0, 60), dice.uniform(0, 3 * HOUR), dice.uniform(20, 30) * HOUR))
        crash = dice.random() < 0.7
        if dice.random() < 0.5:
            made.ends.append(End(crash, away, at=dice.uniform(0, dice.choice((300, HOUR, 20 * HOUR)))))
        else:
            made.ends.append(End(crash, away, after=dice.randint(1, 60), delay=dice.choice((0, 0.01, 0.02, 0.03, 0.2))))
    if dice.random() < 0.2:
        start = dice.uniform(0, 10 * HOUR)
        made.full.append((start, start + dice.uniform(1, HOUR)))
    return made
