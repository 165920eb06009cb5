"""A day of retries on a clock that costs nothing, by the hundred: the law holds, and who breaks it is caught.

``python -m tests.reliability.test_retries --seeds 5000 --first 0`` runs a campaign; a seed that fails fails again.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import random
import sys
import time

import pytest
import structlog

from eventyard.bus.delivery import Desk
from eventyard.bus.ledger import Ledger
from eventyard.bus.subscription import RetryPolicy
from eventyard.store import Deferred
from eventyard.target import Retry

from .retry_history import play
from .retry_law import Judge
from .retry_plan import Place, Plan, Policy, plan

SEEDS = 100
AGE = "MaximumEventAgeInSeconds"


@pytest.fixture(autouse=True)
def quiet() -> object:
    """Thousands of warnings about targets that are meant to fail."""
    with structlog.testing.capture_logs() as logs:
        yield logs


def faults(seed: int) -> list[str]:
    return Judge(play(plan(seed))).judge()


def caught(seeds: int = 60) -> bool:
    return any(faults(seed) for seed in range(seeds))


def test_the_law_holds_for_every_seed() -> None:
    tries = ends = 0
    for seed in range(SEEDS):
        history = play(plan(seed))
        assert Judge(history).judge() == []
        tries += history.tries
        ends += sum(life.crashed for life in history.lives)
    assert tries > 100 * SEEDS, "too few attempts to prove anything"
    assert ends > SEEDS / 3, "too few crashes to prove anything"


@pytest.mark.parametrize(
    ("policy", "condition"),
    [(Policy(185, 86_400), None), (Policy(10, 86_400), "MaximumRetryAttempts"), (Policy(185, 3600), AGE)],
)
def test_a_dead_target_is_given_up_in_time(policy: Policy, condition: str | None) -> None:
    """AWS's own policy is about as many retries as fit in a day, so either may come first."""
    dead = Plan(1, [Place("t0", "dead", policy, True, [0.0], random.Random(1))], publishing=[1.0])
    history = play(dead)
    assert Judge(history).judge() == []
    [[letter]] = history.letters.values()
    assert condition in (None, letter.attributes["EXHAUSTED_RETRY_CONDITION"])
    if condition is None:
        assert 150 <= int(letter.attributes["RETRY_ATTEMPTS"]) <= 185
        assert 70_000 < letter.at < 86_401


def test_who_retries_too_early_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = RetryPolicy.delay
    monkeypatch.setattr(RetryPolicy, "delay", lambda self, attempts: honest(self, attempts) / 3)
    assert caught()


def test_who_retries_once_too_often_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = RetryPolicy.exhausted
    monkeypatch.setattr(
        RetryPolicy, "exhausted", lambda self, attempts, born, due: honest(self, attempts - 1, born, due)
    )
    assert caught()


def test_who_ignores_the_age_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = RetryPolicy.exhausted
    monkeypatch.setattr(RetryPolicy, "exhausted", lambda self, attempts, born, due: honest(self, attempts, due, due))
    assert caught()


def test_who_forgets_a_deferred_delivery_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest, count = Ledger.defer, itertools.count(1)

    def defer(self: Ledger, row: Deferred) -> None:
        if next(count) % 50:
            honest(self, row)

    monkeypatch.setattr(Ledger, "defer", defer)
    assert caught()


def test_who_drops_instead_of_dead_lettering_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    async def bury(*args: object) -> str:
        return "dropped"

    monkeypatch.setattr(Desk, "_bury", bury)
    assert caught()


def test_who_does_not_wait_as_long_as_the_target_asked_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Desk._settle

    def settle(
        self: Desk, subscription: object, position: int, event: object, outcome: object, tried: object
    ) -> object:
        if isinstance(outcome, Retry):
            outcome = Retry(outcome.code, outcome.message, None, outcome.called)
        return honest(self, subscription, position, event, outcome, tried)

    monkeypatch.setattr(Desk, "_settle", settle)
    assert caught()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began, bad, tries, crashes = time.monotonic(), 0, 0, 0
    for seed in range(options.first, options.first + options.seeds):
        history = play(plan(seed))
        found = Judge(history).judge()
        tries += history.tries
        crashes += sum(life.crashed for life in history.lives)
        bad += bool(found)
        for fault in found[:3]:
            print(fault, flush=True)
    seconds = time.monotonic() - began
    print(f"{options.seeds} seeds, {tries} attempts, {crashes} crashes, {bad} seeds with faults, {seconds:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
