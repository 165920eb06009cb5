"""Contracts at the broker, through the APIs and pages of a real server."""
