"""What the client counts, as Prometheus, OpenTelemetry and the program itself see it."""

from __future__ import annotations

import logging

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry, generate_latest

from eventyard.client import Tally
from eventyard.client.opentelemetry import OpenTelemetryMeter
from eventyard.client.prometheus import PrometheusMeter


def _observe(tally: Tally) -> None:
    tally.add("violations", "PurchaseConfirmed")
    tally.add("violations", "LotSelected")
    tally.add("published", "LotSelected")
    tally.add("seconds", "LotSelected", 0.25)
    tally.add("batch_entries", "", 7)
    tally.add("stale_contracts")


def test_counts_are_there_without_a_meter() -> None:
    tally = Tally()
    _observe(tally)
    assert (tally.count("violations"), tally.count("violations", "LotSelected")) == (2, 1)
    assert (tally.count("batch_entries"), tally.total("batch_entries")) == (1, 7)


def test_prometheus_sees_them() -> None:
    registry = CollectorRegistry()
    _observe(Tally(PrometheusMeter(registry)))
    page = generate_latest(registry).decode()
    assert 'eventyard_client_contract_violations_total{event="PurchaseConfirmed"} 1.0' in page
    assert 'eventyard_client_events_published_total{event="LotSelected"} 1.0' in page
    assert 'eventyard_client_publish_seconds_sum{event="LotSelected"} 0.25' in page
    assert 'eventyard_client_batch_entries_bucket{le="10.0"} 1.0' in page
    assert "eventyard_client_stale_contracts_total 1.0" in page


def test_opentelemetry_sees_them() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    _observe(Tally(OpenTelemetryMeter(provider.get_meter("test"))))
    data = reader.get_metrics_data()
    assert data is not None
    metrics = {each.name: each.data.data_points for each in data.resource_metrics[0].scope_metrics[0].metrics}
    violations = {point.attributes["event"]: point.value for point in metrics["eventyard.client.contract_violations"]}
    assert violations == {"PurchaseConfirmed": 1, "LotSelected": 1}
    assert metrics["eventyard.client.publish_duration"][0].sum == 0.25
    provider.shutdown()


def test_broken_meter_is_logged_and_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        tally = Tally(broken)
        tally.add("published", "LotSelected")
    assert tally.count("published") == 1
    assert "the meter failed" in caplog.text
