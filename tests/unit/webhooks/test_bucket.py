"""The token bucket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eventyard.webhooks.bucket import Bucket


def test_a_burst_and_then_the_rate() -> None:
    bucket = Bucket(2, 3, 0)
    assert [bucket.take(0) for _ in range(4)] == [0, 0, 0, 1]
    assert [bucket.take(500), bucket.take(500), bucket.take(1_000)] == [0, 1, 0]
    assert Bucket(0.1, 1, 0).take(0) == 0
    slow = Bucket(0.1, 1, 0)
    slow.take(0)
    assert slow.take(0) == 10


@given(st.floats(0.1, 100), st.integers(1, 50), st.lists(st.integers(-1_000, 5_000), max_size=80))
def test_never_more_than_burst_and_rate_allow(rate: float, burst: int, steps: list[int]) -> None:
    bucket, now, latest, taken = Bucket(rate, burst, 0), 0, 0, 0
    for step in steps:  # clocks are set back now and then: what passes is then at most what passes anyway
        now += step
        forward = max(step, 0)
        latest += forward
        taken += bucket.take(now) == 0
        assert taken <= burst + latest / 1000 * rate + 1e-6
