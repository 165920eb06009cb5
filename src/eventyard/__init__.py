"""Eventyard: a self-hosted event platform around a bus that speaks Amazon EventBridge's APIs."""

__version__ = "0.1.0"
