"""Carries a trace through a bus: W3C's ``traceparent`` in a process, X-Ray's trace header in a PutEvents entry.

EventBridge hands on X-Ray's header only, and beside the event, never in it (user guide, "Amazon EventBridge integration
with AWS X-Ray"). Both say the same three things: the trace, the span that caused this, and whether it is sampled. W3C's
``tracestate`` has no place there and is not carried. Sources: W3C Trace Context; X-Ray developer guide, "Tracing
header".
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar

_W3C = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})", re.ASCII)
_SPAN = re.compile(r"[0-9a-f]{16}", re.ASCII)
_CURRENT: ContextVar[str | None] = ContextVar("eventyard-traceparent", default=None)


def is_traceparent(text: str) -> bool:
    """Whether ``text`` is a valid ``traceparent`` of version 00, or of a later one that begins like it."""
    found = _W3C.fullmatch(text)
    return (
        found is not None
        and found[1] != "ff"
        and (found[1] != "00" or found[5] is None)
        and found[2].strip("0") != ""
        and found[3].strip("0") != ""
    )


def current() -> str | None:
    """The ``traceparent`` of what runs now: OpenTelemetry's current span if the program uses OpenTelemetry and is in
    one, else what :func:`restored` set."""
    # Looked up, not imported: a program that does not use OpenTelemetry should not pay for it.
    trace = sys.modules.get("opentelemetry.trace")
    if trace is not None:
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            return f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.trace_flags):02x}"
    return _CURRENT.get()


@contextlib.contextmanager
def restored(traceparent: str | None) -> Iterator[None]:
    """Makes ``traceparent`` the current one in the block, for OpenTelemetry, too: spans begun in it are its
    children."""
    if traceparent is None:
        yield
        return
    token = _CURRENT.set(traceparent)
    try:
        with _attached(traceparent):
            yield
    finally:
        _CURRENT.reset(token)


def to_xray(traceparent: str) -> str:
    """X-Ray's header for a valid ``traceparent``."""
    _, trace, span, flags = traceparent.split("-")[:4]
    return f"Root=1-{trace[:8]}-{trace[8:]};Parent={span};Sampled={int(flags, 16) & 1}"


def from_xray(header: str) -> str | None:
    """The ``traceparent`` in X-Ray's header; None if it names no trace, or no span in it."""
    parts = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    root, span = _ROOT.fullmatch(parts.get("Root", "")), parts.get("Parent", "")
    if root is None or _SPAN.fullmatch(span) is None:
        return None
    found = f"00-{root[1]}{root[2]}-{span}-0{int(parts.get('Sampled') == '1')}"
    return found if is_traceparent(found) else None


@contextlib.contextmanager
def _attached(traceparent: str) -> Iterator[None]:
    if "opentelemetry.trace" not in sys.modules:
        yield
        return
    from opentelemetry import context, trace

    _, trace_id, span_id, flags = traceparent.split("-")[:4]
    parent = trace.SpanContext(int(trace_id, 16), int(span_id, 16), True, trace.TraceFlags(int(flags, 16)))
    token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(parent)))
    try:
        yield
    finally:
        context.detach(token)
