"""Who the commands are to a server: the access key in the environment, or the one of development."""

from __future__ import annotations

import os

import msgspec


class Identity(msgspec.Struct, frozen=True):
    """An access key and the region that is meant."""

    key: str
    secret: str
    region: str


def identity() -> Identity:
    """From AWS's own environment variables."""
    return Identity(
        os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
    )
