"""What Prometheus is told: read from the counters of the rooms when it asks."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from eventyard.bus import Engine, Publisher
from eventyard.validation import Tally


class Metrics(Collector):
    """Reads the counters of the bus when Prometheus asks. ``outside``: by target and outcome."""

    def __init__(
        self, engine: Engine, publisher: Publisher, tally: Tally, outside: Mapping[tuple[str, str], int]
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._tally = tally
        self._outside = outside

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
        return [published, routed, deliveries, waiting, self._checks(), self._outward()]

    def _outward(self) -> CounterMetricFamily:
        outward = CounterMetricFamily(
            "eventyard_target_deliveries",
            "Deliveries to targets outside, by how the target answered",
            labels=["target", "outcome"],
        )
        for labels, count in self._outside.items():
            outward.add_metric(labels, count)
        return outward

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
