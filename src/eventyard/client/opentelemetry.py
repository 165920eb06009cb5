"""The client's measures for OpenTelemetry (``pip install eventyard[opentelemetry]``)."""

from __future__ import annotations

from opentelemetry.metrics import Meter, get_meter

from eventyard.client.tally import Measure

_COUNTERS: dict[Measure, str] = {
    "violations": "contract_violations",
    "unknown": "unknown_events",
    "deprecated": "deprecated_events",
    "published": "events_published",
    "failed": "events_failed",
    "retries": "events_retried",
    "stale_contracts": "stale_contracts",
}


class OpenTelemetryMeter:
    """``EventClient(tell=OpenTelemetryMeter())``. ``meter``: the global provider's if none is given."""

    def __init__(self, meter: Meter | None = None) -> None:
        meter = meter or get_meter("eventyard.client")
        self._counters = {
            measure: meter.create_counter(f"eventyard.client.{name}") for measure, name in _COUNTERS.items()
        }
        self._entries = meter.create_histogram("eventyard.client.batch_entries", "{entry}")
        self._seconds = meter.create_histogram("eventyard.client.publish_duration", "s")

    def __call__(self, measure: Measure, event: str, value: float) -> None:
        attributes = {"event": event} if event else {}
        if measure == "batch_entries":
            self._entries.record(value, attributes)
        elif measure == "seconds":
            self._seconds.record(value, attributes)
        else:
            self._counters[measure].add(value, attributes)
