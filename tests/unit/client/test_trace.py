"""Traces: between W3C's and X-Ray's form, and into and out of OpenTelemetry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider

from eventyard.client.trace import current, from_xray, is_traceparent, restored, to_xray

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@given(st.integers(1, (1 << 128) - 1), st.integers(1, (1 << 64) - 1), st.booleans())
def test_trace_survives_the_way_through_xrays_form(trace: int, span: int, sampled: bool) -> None:
    traceparent = f"00-{trace:032x}-{span:016x}-0{int(sampled)}"
    assert is_traceparent(traceparent)
    assert from_xray(to_xray(traceparent)) == traceparent


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        PARENT + "-more",
        PARENT + "\n",
    ],
)
def test_what_is_no_traceparent_is_seen(text: str) -> None:
    assert not is_traceparent(text)


def test_later_versions_may_say_more() -> None:
    assert is_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")


@pytest.mark.parametrize(
    "header", ["", "Root=1-5759e988-bd862e3fe1be46a994272793", "Self=1;Parent=53995c3f42cd8ad8", "x"]
)
def test_header_without_a_trace_or_a_span_is_none(header: str) -> None:
    assert from_xray(header) is None


def test_header_of_lambda_is_read() -> None:
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1"
    assert from_xray(header) == "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"


def test_restored_trace_is_the_current_one_in_its_block() -> None:
    assert current() is None
    with restored(PARENT):
        assert current() == PARENT
    with restored(None):
        assert current() is None


def test_span_of_opentelemetry_is_the_current_trace_and_child_of_a_restored_one() -> None:
    tracer = TracerProvider().get_tracer("test")
    with restored(PARENT), tracer.start_as_current_span("work") as span:
        context = span.get_span_context()
        assert f"{context.trace_id:032x}" == PARENT.split("-")[1]
        assert f"{span.parent.span_id:016x}" == PARENT.split("-")[2]  # type: ignore[attr-defined]
        assert current() == f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
    assert not otel.get_current_span().get_span_context().is_valid
