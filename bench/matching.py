"""Events matched per second at 10 to 10,000 rules, against a naive walk and, if installed, moto's matcher.

Then what rules that come and go cost, and 10,000 rules of one operator each.

Run: python bench/matching.py. Prints figures, asserts only that the matchers agree, never a time.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from eventyard.pattern import Matcher, parse
from eventyard.pattern.operators import pack_address

SIZES = (10, 100, 1_000, 10_000)
EVENTS = 20_000
STATES = ["created", "paid", "packed", "shipped", "returned", "cancelled", "refunded", "lost"]


def rule(number: int, total: int, draw: random.Random) -> dict[str, Any]:
    """A rule on one of the sources: its detail-type, and mostly a condition or two on the detail."""
    service = number % max(total // 80, 1)
    pattern: dict[str, Any] = {"source": [f"shop.service{service}"], "detail-type": [f"Type {number // 10 % 8}"]}
    kind = number % 10
    detail: dict[str, Any] = {}
    if kind == 0:
        detail = {"state": draw.sample(STATES, 2)}
    elif kind == 1:
        detail = {"order": {"id": [{"prefix": f"order-{draw.randrange(10)}"}]}}
    elif kind == 2:
        detail = {"file": [{"suffix": draw.choice([".png", ".pdf"])}]}
    elif kind == 3:
        detail = {"amount": [{"numeric": [">", draw.randrange(500), "<=", 900]}]}
    elif kind == 4:
        detail = {"file": [{"wildcard": f"*/{draw.randrange(5)}/*.png"}]}
    elif kind == 5:
        detail = {"state": [{"anything-but": draw.sample(STATES, 6)}]}
    elif kind == 6:
        detail = {"ip": [{"cidr": f"10.{draw.randrange(4)}.0.0/16"}]}
    elif kind == 7:
        detail = {"coupon": [{"exists": draw.random() < 0.5}], "express": [True]}
    elif kind == 8:
        detail = {"$or": [{"state": [draw.choice(STATES)]}, {"amount": [{"numeric": [">", 950]}]}]}
    else:
        pattern["detail-type"] = [{"prefix": f"Type {draw.randrange(8)}"}]
        detail = {"state": [{"equals-ignore-case": draw.choice(STATES).upper()}]}
    pattern["detail"] = detail
    return pattern


def event(number: int, total: int, draw: random.Random) -> bytes:
    """An envelope of about 565 bytes whose source some of ``total`` rules name."""
    detail: dict[str, Any] = {
        "order": {"id": f"order-{draw.randrange(100_000)}", "customer": f"customer-{draw.randrange(10_000)}"},
        "state": draw.choice(STATES),
        "amount": draw.randrange(1_000),
        "file": f"/files/{draw.randrange(5)}/{draw.randrange(1_000)}.{draw.choice(['png', 'pdf', 'txt'])}",
        "ip": f"10.{draw.randrange(4)}.{draw.randrange(256)}.{draw.randrange(256)}",
        "express": draw.random() < 0.5,
        "note": "n" * 150,
    }
    if draw.random() < 0.3:
        detail["coupon"] = f"C{draw.randrange(1_000)}"
    envelope = {
        "version": "0",
        "id": f"{draw.getrandbits(128):032x}",
        "detail-type": f"Type {draw.randrange(8)}",
        "source": f"shop.service{draw.randrange(max(total // 80, 1))}",
        "account": "000000000000",
        "time": "2026-01-01T00:00:00Z",
        "region": "eu-west-1",
        "resources": [f"arn:aws:shop:eu-west-1:000000000000:order/{number}"],
        "detail": detail,
    }
    return json.dumps(envelope, separators=(",", ":")).encode()


def naive_holds(pattern: Any, node: Any) -> bool:
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(naive_holds(alternative, node) for alternative in wanted):
                return False
        elif isinstance(wanted, dict):
            if not isinstance(node.get(key), dict) or not naive_holds(wanted, node[key]):
                return False
        elif not any(naive_passes(test, key, node) for test in wanted):
            return False
    return True


def naive_passes(test: Any, key: str, node: Any) -> bool:
    """Covers what the rules above use."""
    if not isinstance(test, dict):
        return key in node and node[key] == test
    [(name, operand)] = test.items()
    if name == "exists":
        return (key in node) is operand
    value = node.get(key)
    if name == "anything-but":
        return value not in operand
    if name == "numeric":
        low, high = (operand[1], operand[3]) if len(operand) == 4 else (operand[1], 5e9)
        return low < value <= high
    if name == "cidr":
        return value.startswith(operand.removesuffix("0.0/16")) and pack_address(value) is not None
    if name == "wildcard":
        _, middle, tail = operand.split("*")
        return value.endswith(tail) and middle in value[: len(value) - len(tail)]
    if name == "prefix":
        return value.startswith(operand)
    if name == "suffix":
        return value.endswith(operand)
    return value.lower() == operand.lower()


def naive(rules: list[dict[str, Any]]) -> Callable[[bytes], int]:
    def match(body: bytes) -> int:
        node = json.loads(body)
        return sum(naive_holds(rule, node) for rule in rules)

    return match


def moto(rules: list[dict[str, Any]]) -> Callable[[bytes], int] | None:
    try:
        from moto.events.models import EventPattern
    except ImportError:
        return None
    loaded = [EventPattern.load(json.dumps(rule)) for rule in rules]

    def match(body: bytes) -> int:
        node = json.loads(body)
        return sum(bool(each.matches_event(node)) for each in loaded)

    return match


def rate(match: Callable[[bytes], int], bodies: list[bytes], seconds: float) -> tuple[float, list[int]]:
    """Events per second over as many of the bodies as fit the time, and their match counts."""
    counts: list[int] = []
    start = time.perf_counter()
    for body in bodies:
        counts.append(match(body))
        if time.perf_counter() - start > seconds:
            break
    return len(counts) / (time.perf_counter() - start), counts


def crowd(name: str, number: int, draw: random.Random) -> Any:
    """One of 10,000 tests of one operator, each with an operand of its own, of which few pass for a value."""
    low = draw.randrange(1_000_000)
    return {
        "exact": f"id-{number}",
        "exact number": number,
        "numeric, narrow": {"numeric": [">=", low, "<", low + draw.choice([1, 10, 100])]},
        "numeric, wide": {"numeric": [">", low - 5_000, "<=", low + 5_000]},
        "numeric, one-sided": {"numeric": [">", 1_000_000 - number // 5]},
        "cidr": {"cidr": f"10.{number // 256 % 256}.{number % 256}.0/{draw.choice([24, 26, 28])}"},
        "prefix": {"prefix": f"id-{number}-"},
        "suffix": {"suffix": f"-{number}.png"},
        "ignore case": {"equals-ignore-case": f"ID-{number}"},
        "wildcard, ends": {"wildcard": f"id-{number}-*.png"},
        "wildcard, one prefix": {"wildcard": f"id-*-{number}.png"},
        "wildcard, middle": {"wildcard": f"*-{number}-*"},
        "anything-but": {"anything-but": [f"id-{number}", "gone"]},
        "exists": {"exists": True},
        "absent": {"exists": False},
    }[name]


def crowd_value(name: str, draw: random.Random) -> Any:
    number = draw.randrange(SIZES[-1])
    kind = name.partition(",")[0]
    if kind == "numeric":
        return draw.randrange(1_000_000)
    if kind == "exact number":
        return number
    if kind == "cidr":
        return f"10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(256)}"
    if kind in ("exact", "ignore case"):
        return f"id-{number}"
    return f"id-{number}-{draw.randrange(SIZES[-1])}-{number}.png"


OPERATORS = [
    *("exact", "exact number", "numeric, narrow", "numeric, wide", "numeric, one-sided", "cidr", "prefix", "suffix"),
    *("ignore case", "wildcard, ends", "wildcard, one prefix", "wildcard, middle", "anything-but", "exists", "absent"),
]


def operators(seconds: float = 1.5) -> None:
    """10,000 rules of one operator on one field. Those of exists also name one of 1,000 states; anything-but nothing
    else, so that nearly all rules match every event and the answer itself is the cost."""
    print(f"\n{'10,000 rules of one operator':>30} {'ev/s':>9} {'matches':>9} {'first event':>12}")
    for name in OPERATORS:
        draw = random.Random(name)
        matcher = Matcher()
        for number in range(SIZES[-1]):
            detail = {"field": [crowd(name, number, draw)]}
            if name in ("exists", "absent"):
                detail["state"] = [number % 1_000]
            matcher.add(number, parse(json.dumps({"detail": detail})))
        bodies = []
        for _ in range(5_000):
            detail = {"field": crowd_value(name, draw), "state": draw.randrange(1_000), "note": "n" * 150}
            if name == "absent" and draw.random() < 0.5:
                del detail["field"]
            bodies.append(json.dumps({"source": "shop", "detail": detail}).encode())
        start = time.perf_counter()
        matcher.match(bodies[0])
        first = time.perf_counter() - start
        rate(lambda body, matcher=matcher: len(matcher.match(body)), bodies, seconds)
        speed, counts = rate(lambda body, matcher=matcher: len(matcher.match(body)), bodies, seconds)
        print(f"{name:>30} {speed:>9,.0f} {sum(counts) / len(counts):>9,.1f} {first * 1e3:>9.1f} ms")


class Collector:
    """How long the interpreter's collector of cycles held everything up: its pauses are not the matcher's own."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._since = 0.0
        gc.callbacks.append(self._call)

    def _call(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._since = time.perf_counter()
        else:
            self.spent += time.perf_counter() - self._since

    def take(self) -> float:
        spent, self.spent = self.spent, 0.0
        return spent


def longest(name: str, pauses: list[tuple[float, float]]) -> None:
    """``pauses``: seconds in all, and those of them in the collector."""
    own = sorted(all_ - collector for all_, collector in pauses)
    print(
        f"{name}: longest pause {own[-1] * 1e3:.1f} ms, 99.9 % {own[-len(own) // 1000] * 1e3:.1f} ms, "
        f"mean {sum(own) / len(own) * 1e3:.2f} ms; with the collector {max(pauses)[0] * 1e3:.1f} ms"
    )


def changes(rules: int = SIZES[-1], steps: int = 3_000) -> None:
    """What rules that come and go cost the events in between: pauses as an event sees them, and the rate."""
    draw = random.Random(1)
    patterns = [parse(json.dumps(rule(number, rules, draw))) for number in range(rules)]
    extra = [parse(json.dumps(rule(draw.randrange(rules), rules, draw))) for _ in range(steps)]
    bodies = [event(number, rules, draw) for number in range(EVENTS)]
    matcher = Matcher()
    collector = Collector()
    pauses = []
    for number, pattern in enumerate(patterns):
        collector.take()
        start = time.perf_counter()
        matcher.add(number, pattern)
        matcher.match(bodies[number % EVENTS])
        pauses.append((time.perf_counter() - start, collector.take()))
    print()
    longest(f"from 0 to {rules:,} rules, an event after each", pauses)

    def quiet() -> float:
        return rate(lambda body: len(matcher.match(body)), bodies, 5)[0]

    quiet()
    before = quiet()
    pauses, spent, seen = [], 0.0, 0
    for number, pattern in enumerate(extra):
        collector.take()
        start = time.perf_counter()
        if number % 2:
            matcher.remove(draw.randrange(rules))
        else:
            matcher.add(rules + number, pattern)
        matcher.match(bodies[number % EVENTS])
        pauses.append((time.perf_counter() - start, collector.take()))
        for body in bodies[(number * 9) % (EVENTS - 9) :][:9]:
            matcher.match(body)
        spent += time.perf_counter() - start
        seen += 10
    longest(f"a change before every 10th event, {steps:,} changes", pauses)
    print(f"ev/s before {before:,.0f}, with these changes in between {seen / spent:,.0f}, after {quiet():,.0f}")
    matcher.add("one more", parse('{"source": ["shop.service1"], "detail": {"state": ["paid"], "new": [1]}}'))
    print(f"ev/s with one rule more, on a new field: {quiet():,.0f}")


def main() -> None:
    print(
        f"{'rules':>7} {'Eventyard':>12} {'naive walk':>11} {'moto':>9} {'x naive':>8} {'x moto':>8} {'per event':>9}"
    )
    for size in SIZES:
        draw = random.Random(size)
        rules = [rule(number, size, draw) for number in range(size)]
        bodies = [event(number, size, draw) for number in range(EVENTS)]
        patterns = [parse(json.dumps(each)) for each in rules]
        matcher = Matcher()
        start = time.perf_counter()
        for number, pattern in enumerate(patterns):
            matcher.add(number, pattern)
        matcher.match(bodies[0])
        built = time.perf_counter() - start
        counts = [len(matcher.match(body)) for body in bodies]  # the first pass also generates the code
        start = time.perf_counter()
        for body in bodies:
            matcher.match(body)
        ours = EVENTS / (time.perf_counter() - start)
        walked, expected = rate(naive(rules), bodies, 3)
        agree = counts[: len(expected)] == expected
        other = moto(rules)
        moto_rate = ""
        moto_ratio = ""
        if other is not None:
            speed, found = rate(other, bodies, 3)
            moto_rate, moto_ratio = f"{speed:,.1f}", f"{ours / speed:,.0f}"
            differ = sum(a != b for a, b in zip(counts, found, strict=False))
            if differ:
                print(f"        moto differs on {differ} of {len(found)} events")
        mean = sum(counts) / EVENTS
        print(
            f"{size:>7,} {ours:>12,.0f} {walked:>11,.0f} {moto_rate:>9} {ours / walked:>8,.0f} {moto_ratio:>8}"
            f" {mean:>9.2f}  built in {built * 1e3:.0f} ms"
        )
        if not agree:
            sys.exit("the naive walk found other matches")
    print(f"mean event: {sum(map(len, bodies)) / EVENTS:.0f} B")
    tracemalloc.start()
    fresh = Matcher()
    for number, pattern in enumerate(patterns):
        fresh.add(number, pattern)
    for body in bodies[:5_000]:
        fresh.match(body)
    print(f"memory of the index at {SIZES[-1]:,} rules: {tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB")
    tracemalloc.stop()
    changes()
    operators()


if __name__ == "__main__":
    main()
