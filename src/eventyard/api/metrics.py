"""What Prometheus is told: read from the counters of the rooms when it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from eventyard.bus import Engine, Publisher
from eventyard.functions import Count
from eventyard.validation import Tally


class Metrics(Collector):
    """Reads the counters of the bus when Prometheus asks."""

    def __init__(self, engine: Engine, publisher: Publisher, tally: Tally) -> None:
        self._engine = engine
        self._publisher = publisher
        self._tally = tally

    def collect(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        published = CounterMetricFamily("eventyard_events_published", "Events appended to the logs of buses")
        published.add_metric([], self._publisher.published)
        counts = self._engine.ledger.counts
        routed = CounterMetricFamily(
            "eventyard_events_routed", "Events by whether a subscriber matched", labels=["outcome"]
        )
        for outcome in ("matched", "unmatched"):
            routed.add_metric([outcome], counts[outcome])
        deliveries = CounterMetricFamily(
            "eventyard_deliveries", "Deliveries by what became of them", labels=["outcome"]
        )
        for outcome in ("delivered", "retrying", "dead-lettered", "dropped", "expired"):
            deliveries.add_metric([outcome], counts[outcome])
        waiting = GaugeMetricFamily(
            "eventyard_subscriber_inbox_events", "Events waiting in a subscriber's inbox", labels=["subscriber"]
        )
        for name, count in self._engine.lags().items():
            waiting.add_metric([name], count)
        return [published, routed, deliveries, waiting, self._checks()]

    def _checks(self) -> CounterMetricFamily:
        checks = CounterMetricFamily(
            "eventyard_contract_checks",
            "Events held against their contracts, by whether they kept them and what was done if not",
            labels=["bus", "contract", "version", "publisher", "outcome"],
        )
        for key, count in self._tally.counts.items():
            labels = [key.bus, key.contract, str(key.version), key.publisher]
            checks.add_metric([*labels, "kept"], count.checked - count.violated)
            for mode in ("warn", "quarantine", "reject"):
                if violated := getattr(count, mode):
                    checks.add_metric([*labels, mode], violated)
        return checks


class OutsideMetrics(Collector):
    """``counts``: deliveries to targets outside, by target and outcome."""

    def __init__(self, counts: Mapping[tuple[str, str], int]) -> None:
        self._counts = counts

    def collect(self) -> list[CounterMetricFamily]:
        outward = CounterMetricFamily(
            "eventyard_target_deliveries",
            "Deliveries to targets outside, by how the target answered",
            labels=["target", "outcome"],
        )
        for labels, count in self._counts.items():
            outward.add_metric(labels, count)
        return [outward]


class FunctionMetrics(Collector):
    """``counts``: what was done for each function, by its ARN. Seconds of cold starts are those until the handler is
    loaded; seconds of invocations are without them."""

    def __init__(self, counts: Mapping[str, Count]) -> None:
        self._counts = counts

    def collect(self) -> list[CounterMetricFamily]:
        kinds: dict[str, tuple[str, Callable[[Count], float]]] = {
            "invocations": ("Invocations of functions, failed ones too", lambda count: count.invocations),
            "errors": ("Invocations that ended in an error", lambda count: count.errors),
            "throttles": ("Invocations refused for want of room", lambda count: count.throttles),
            "cold_starts": ("Processes started for functions", lambda count: count.cold_starts),
            "cold_start_seconds": ("Seconds until started processes were ready", lambda count: count.starting / 1000),
            "seconds": ("Seconds that invocations took", lambda count: count.running / 1000),
        }
        found = []
        for name, (help, value) in kinds.items():
            family = CounterMetricFamily(f"eventyard_function_{name}", help, labels=["function"])
            for arn, count in self._counts.items():
                family.add_metric([arn], value(count))
            found.append(family)
        return found
