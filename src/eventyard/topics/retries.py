"""When a delivery is tried again: SNS's four phases, and the delivery policies that set them for HTTP endpoints.

Source: SNS developer guide, "Amazon SNS message delivery retries". Its graph names four functions for the back-off and
gives no formulas: these here are ours, in the graph's order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from eventyard.topics.refusals import as_object, invalid

_LONGEST = 3_600
_JITTER = 0.1
#: From the first (0) to the last (1) retry of the phase: how far from the least to the most delay. ``n`` is their
#: number, ``ratio`` most by least.
_FUNCTIONS: dict[str, Callable[[float, int, float], float]] = {
    "linear": lambda x, n, ratio: x,
    "arithmetic": lambda x, n, ratio: x * (x * n + 1) / (n + 1),
    "geometric": lambda x, n, ratio: (2 ** (x * n) - 1) / (2**n - 1) if n else 0.0,
    "exponential": lambda x, n, ratio: (ratio**x - 1) / (ratio - 1) if ratio > 1 else 0.0,
}


class Phases(msgspec.Struct, frozen=True):
    """How many retries each phase has: at once, ``least`` seconds apart, growing apart, ``most`` seconds apart."""

    immediate: int
    early: int
    growing: int
    late: int
    least: int
    most: int
    function: str = "exponential"

    @property
    def retries(self) -> int:
        return self.immediate + self.early + self.growing + self.late

    def delay(self, attempts: int) -> float:
        """Seconds to wait after ``attempts`` failed tries, never less than the phase has, with some jitter."""
        return self.plain_delay(attempts) * random.uniform(1.0, 1.0 + _JITTER)

    def plain_delay(self, attempts: int) -> float:
        at = attempts - self.immediate
        if at <= 0:
            return 0.0
        if at <= self.early:
            return float(self.least)
        at -= self.early
        if at > self.growing:
            return float(self.most)
        steps = self.growing - 1
        share = _FUNCTIONS[self.function]((at - 1) / steps, steps, self.most / self.least) if steps else 0.0
        return self.least + (self.most - self.least) * share

    def exhausted(self, attempts: int, ingested: int, next_try: int) -> str | None:
        return "MaximumRetryAttempts" if attempts > self.retries else None


#: For endpoints that are AWS's own: 100,015 retries over 23 days.
MANAGED = Phases(immediate=3, early=2, growing=10, late=100_000, least=1, most=20)

DEFAULTS: dict[str, Any] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
#: API documents that are not raw can be of these types, raw messages of the others as well.
_TYPES = ("text/plain", "application/json")
_RAW_TYPES = (
    *_TYPES,
    "application/atom+xml",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "application/xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/xml",
)
_CONTENT_TYPE = "text/plain; charset=UTF-8"


class Policy(msgspec.Struct, frozen=True):
    """What holds for deliveries to one HTTP endpoint. ``per_second``: None without a limit."""

    retry: Phases
    per_second: int | None
    content_type: str
    document: dict[str, Any]  #: as GetSubscriptionAttributes shows it


def effective(of_topic: str | None, of_subscription: str | None) -> Policy:
    """The subscription's delivery policy, else the topic's, else the defaults; each part by itself."""
    http = _http(of_topic)
    given = json.loads(of_subscription or "{}")
    if http.get("disableSubscriptionOverrides"):
        given = {}
    healthy = _healthy(given.get("healthyRetryPolicy") or http.get("defaultHealthyRetryPolicy"))
    throttle = given.get("throttlePolicy") or http.get("defaultThrottlePolicy") or {}
    request = given.get("requestPolicy") or http.get("defaultRequestPolicy") or {}
    content_type = request.get("headerContentType") or _CONTENT_TYPE
    document = {
        "healthyRetryPolicy": healthy,
        **({"throttlePolicy": throttle} if throttle else {}),
        "requestPolicy": {"headerContentType": content_type},
        "guaranteed": False,
    }
    return Policy(_phases(healthy), throttle.get("maxReceivesPerSecond"), content_type, document)


def effective_document(of_topic: str | None) -> dict[str, Any]:
    """A topic's delivery policy with the defaults, as GetTopicAttributes shows it."""
    http = _http(of_topic)
    return {
        "http": http
        | {
            "defaultHealthyRetryPolicy": _healthy(http.get("defaultHealthyRetryPolicy")),
            "disableSubscriptionOverrides": bool(http.get("disableSubscriptionOverrides")),
            "defaultRequestPolicy": {"headerContentType": _CONTENT_TYPE} | (http.get("defaultRequestPolicy") or {}),
        }
    }


def check_topic_policy(text: str) -> None:
    """Raises InvalidRequest for a topic's DeliveryPolicy that can't be."""
    document = as_object("DeliveryPolicy", text)
    _known("DeliveryPolicy", document, ("http",))
    names = {
        "defaultHealthyRetryPolicy": "healthyRetryPolicy",
        "defaultThrottlePolicy": "throttlePolicy",
        "defaultRequestPolicy": "requestPolicy",
    }
    http = _part("DeliveryPolicy: http", document.get("http"))
    _known("DeliveryPolicy: http", http, (*names, "disableSubscriptionOverrides", "defaultSicklyRetryPolicy"))
    if not isinstance(http.get("disableSubscriptionOverrides", False), bool):
        raise invalid("DeliveryPolicy: http.disableSubscriptionOverrides must be a boolean")
    _check_parts("DeliveryPolicy: http.default", {names[key]: http[key] for key in names if key in http}, raw=True)


def check_subscription_policy(text: str, raw: bool) -> None:
    """Raises InvalidRequest for a subscription's DeliveryPolicy that can't be."""
    document = as_object("DeliveryPolicy", text)
    parts = ("healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy", "guaranteed")
    _known("DeliveryPolicy", document, parts)
    _check_parts("DeliveryPolicy: ", document, raw)


def _check_parts(where: str, document: Mapping[str, Any], raw: bool) -> None:
    if document.get("healthyRetryPolicy") is not None:
        _check_retries(f"{where}healthyRetryPolicy", _part(where, document["healthyRetryPolicy"]))
    throttle = _part(where, document.get("throttlePolicy"))
    _known(f"{where}throttlePolicy", throttle, ("maxReceivesPerSecond",))
    rate = throttle.get("maxReceivesPerSecond")
    if rate is not None and not _is_number(rate, 1, 1 << 31):
        raise invalid(f"{where}throttlePolicy.maxReceivesPerSecond must be 1 or greater")
    request = _part(where, document.get("requestPolicy"))
    _known(f"{where}requestPolicy", request, ("headerContentType",))
    kind = request.get("headerContentType")
    if kind is not None:
        allowed = _RAW_TYPES if raw else _TYPES
        if not isinstance(kind, str) or kind.partition(";")[0].strip().lower() not in allowed or not kind.isprintable():
            raise invalid(f"{where}requestPolicy.headerContentType must be one of {', '.join(allowed)}")


def _check_retries(where: str, given: Mapping[str, Any]) -> None:
    _known(where, given, tuple(DEFAULTS))
    policy = _healthy(given)
    if policy["backoffFunction"] not in _FUNCTIONS:
        raise invalid(f"{where}.backoffFunction must be one of {', '.join(_FUNCTIONS)}")
    bounds = {"minDelayTarget": (1, _LONGEST), "maxDelayTarget": (1, _LONGEST), "numRetries": (0, 100)}
    for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries"):
        bounds[name] = (0, 100)
    for name, (least, most) in bounds.items():
        if not _is_number(policy[name], least, most):
            raise invalid(f"{where}.{name} must be from {least} to {most}")
    if policy["minDelayTarget"] > policy["maxDelayTarget"]:
        raise invalid(f"{where}.maxDelayTarget must be greater than or equal to minDelayTarget")
    phases = _phases(policy)
    if phases.growing < 0:
        raise invalid(f"{where}.numRetries must be greater than or equal to the sum of the retries of all phases")
    if sum(phases.plain_delay(attempts) for attempts in range(1, phases.retries + 1)) > _LONGEST:
        raise invalid(f"{where}: the total retry time must not be greater than {_LONGEST} seconds")


def _phases(policy: Mapping[str, Any]) -> Phases:
    immediate, early, late = (policy[f"num{name}Retries"] for name in ("NoDelay", "MinDelay", "MaxDelay"))
    growing = policy["numRetries"] - immediate - early - late
    least, most = policy["minDelayTarget"], policy["maxDelayTarget"]
    return Phases(immediate, early, growing, late, least, most, policy["backoffFunction"])


def _healthy(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """With a least delay above the default most, the most is the least: it can't have been meant otherwise."""
    policy = DEFAULTS | {name: value for name, value in (given or {}).items() if value is not None}
    if given is not None and given.get("maxDelayTarget") is None and _is_number(policy["minDelayTarget"], 1, _LONGEST):
        policy["maxDelayTarget"] = max(policy["minDelayTarget"], policy["maxDelayTarget"])
    return policy


def _http(text: str | None) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(text or "{}").get("http") or {})


def _part(where: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{where}: must be a JSON object")
    return value


def _known(where: str, given: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in given:
        if name not in names:
            raise invalid(f"{where}: Unexpected JSON member: {name[:100]}")


def _is_number(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
