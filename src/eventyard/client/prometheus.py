"""The client's measures for Prometheus."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from eventyard.client.tally import Measure

_COUNTERS: dict[Measure, tuple[str, str]] = {
    "violations": ("contract_violations", "Puts refused because the detail broke its contract"),
    "unknown": ("unknown_events", "Puts of events without a contract"),
    "deprecated": ("deprecated_events", "Puts of deprecated events"),
    "published": ("events_published", "Entries that the server acknowledged"),
    "failed": ("events_failed", "Entries given up"),
    "retries": ("events_retried", "Entries sent again"),
}


class PrometheusMeter:
    """``EventClient(tell=PrometheusMeter())``. One for each registry; several clients may share it."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._counters = {
            measure: Counter(f"eventyard_client_{name}", text, ["event"], registry=registry)
            for measure, (name, text) in _COUNTERS.items()
        }
        self._stale = Counter(
            "eventyard_client_stale_contracts",
            "Times when a registry could not be reached and older contracts were used",
            registry=registry,
        )
        self._entries = Histogram(
            "eventyard_client_batch_entries", "Entries of a request", buckets=(1, 2, 5, 10), registry=registry
        )
        self._seconds = Histogram(
            "eventyard_client_publish_seconds", "From put to the acknowledgement", ["event"], registry=registry
        )

    def __call__(self, measure: Measure, event: str, value: float) -> None:
        if measure == "batch_entries":
            self._entries.observe(value)
        elif measure == "seconds":
            self._seconds.labels(event).observe(value)
        elif measure == "stale_contracts":
            self._stale.inc(value)
        else:
            self._counters[measure].labels(event).inc(value)
