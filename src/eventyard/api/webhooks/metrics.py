"""What Prometheus is told of webhooks."""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from eventyard.webhooks import Webhooks


class WebhookMetrics(Collector):
    """Reads the counts of all webhooks when Prometheus asks."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def collect(self) -> list[CounterMetricFamily]:
        requests = CounterMetricFamily(
            "eventyard_webhook_requests", "Requests to webhooks by what they came to", labels=["webhook", "outcome"]
        )
        events = CounterMetricFamily("eventyard_webhook_events", "Events published for webhooks", labels=["webhook"])
        for live in self._webhooks.all():
            for outcome, count in sorted(live.tally.counts.items()):
                requests.add_metric([live.webhook.name, outcome], count)
            events.add_metric([live.webhook.name], live.tally.events)
        return [requests, events]
