"""When deliveries are tried again: the phases, and which delivery policies are refused."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from eventyard.errors import InvalidRequest
from eventyard.topics.retries import MANAGED, Phases, check_subscription_policy, check_topic_policy, effective

FUNCTIONS = ["linear", "arithmetic", "geometric", "exponential"]


def test_managed_endpoints_are_tried_for_23_days() -> None:
    delays = [MANAGED.plain_delay(attempts) for attempts in range(1, MANAGED.retries + 1)]
    assert len(delays) == 100_015
    assert delays[:5] == [0, 0, 0, 1, 1]
    assert (delays[5], delays[14]) == (1, 20)
    assert delays[5:15] == sorted(delays[5:15])
    assert set(delays[15:]) == {20}
    assert sum(delays) / 86_400 == pytest.approx(23, abs=0.2)
    assert MANAGED.exhausted(100_015, 0, 0) is None
    assert MANAGED.exhausted(100_016, 0, 0) == "MaximumRetryAttempts"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_grows_from_the_least_delay_to_the_most(function: str) -> None:
    phases = Phases(immediate=1, early=1, growing=8, late=1, least=10, most=100, function=function)
    delays = [phases.plain_delay(attempts) for attempts in range(1, 12)]
    assert delays[:3] == [0, 10, 10]
    assert delays[9:] == [pytest.approx(100), 100]
    assert all(earlier < later for earlier, later in pairwise(delays[2:10]))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("growing", [0, 1, 2])
@pytest.mark.parametrize("most", [5, 6])
def test_short_phases_have_delays_in_their_bounds(function: str, growing: int, most: int) -> None:
    phases = Phases(immediate=0, early=0, growing=growing, late=0, least=5, most=most, function=function)
    assert all(5 <= phases.plain_delay(attempts) <= most for attempts in range(1, growing + 1))


def test_jitter_only_makes_a_delay_longer() -> None:
    phases = Phases(immediate=0, early=1, growing=0, late=0, least=20, most=20)
    assert all(20 <= phases.delay(1) <= 22 for _ in range(100))


def test_default_is_three_retries_20_seconds_apart() -> None:
    policy = effective(None, None)
    assert [policy.retry.plain_delay(attempts) for attempts in (1, 2, 3)] == [20, 20, 20]
    assert (policy.retry.retries, policy.per_second) == (3, None)
    assert policy.content_type == "text/plain; charset=UTF-8"


def test_subscription_overrides_its_topic_unless_that_forbids_it() -> None:
    topic = {
        "http": {"defaultHealthyRetryPolicy": {"numRetries": 5}, "defaultThrottlePolicy": {"maxReceivesPerSecond": 7}}
    }
    mine = json.dumps({"healthyRetryPolicy": {"numRetries": 9}})
    policy = effective(json.dumps(topic), mine)
    assert (policy.retry.retries, policy.per_second) == (9, 7)
    topic["http"]["disableSubscriptionOverrides"] = True  # type: ignore[assignment]  # a bool among dicts
    assert effective(json.dumps(topic), mine).retry.retries == 5


@pytest.mark.parametrize(
    "policy",
    [
        {"numRetries": 101},
        {"numRetries": -1},
        {"numRetries": "3"},
        {"numRetries": True},
        {"numRetries": 2, "numNoDelayRetries": 2, "numMinDelayRetries": 1},
        {"minDelayTarget": 0},
        {"minDelayTarget": 30, "maxDelayTarget": 20},
        {"maxDelayTarget": 3601},
        {"numRetries": 10, "minDelayTarget": 361},
        {"backoffFunction": "quadratic"},
        {"numberOfRetries": 3},
    ],
)
def test_bad_retry_policy_is_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_subscription_policy(json.dumps({"healthyRetryPolicy": policy}), False)
    assert caught.value.code == "InvalidParameter"
    with pytest.raises(InvalidRequest):
        check_topic_policy(json.dumps({"http": {"defaultHealthyRetryPolicy": policy}}))


@pytest.mark.parametrize(
    "policy",
    [
        {"throttlePolicy": {"maxReceivesPerSecond": 0}},
        {"requestPolicy": {"headerContentType": "text/xml"}},
        {"requestPolicy": {"headerContentType": "text/plain\r\nX: y"}},
        {"requestPolicy": "text/plain"},
        {"retries": {}},
    ],
)
def test_bad_delivery_policy_is_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        check_subscription_policy(json.dumps(policy), False)


def test_raw_messages_have_more_content_types() -> None:
    check_subscription_policy(json.dumps({"requestPolicy": {"headerContentType": "text/xml; charset=UTF-8"}}), True)
