"""Targets: one module for each kind of place that events are delivered to. They know no buses and no retries."""
