"""What is kept of a function. Nothing here runs anything."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

LATEST = "$LATEST"


class Function(msgspec.Struct, frozen=True):
    """``code``: the SHA-256 of the zip file, in hexadecimal. ``statements``: those of its policy, as JSON by their id.
    ``reserved``: how many invocations may run at once, None for the server's default. ``retries`` and ``max_age``
    (seconds): of asynchronous invocations."""

    arn: str
    account: str
    region: str
    name: str
    runtime: str
    role: str
    handler: str
    code: str
    size: int
    modified: int
    revision: str
    description: str = ""
    timeout: int = 3
    memory: int = 128
    storage: int = 512
    environment: Mapping[str, str] = {}
    dead_letter_arn: str | None = None
    architectures: tuple[str, ...] = ("x86_64",)
    tags: Mapping[str, str] = {}
    statements: Mapping[str, str] = {}
    reserved: int | None = None
    retries: int = 2
    max_age: int = 21_600


def function_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


class Outcome(msgspec.Struct, frozen=True):
    """How an invocation ended. ``payload``: JSON, the result or the error. ``error``: None, ``Unhandled`` for one that
    the handler raised or met. ``log``: the end of what it logged."""

    payload: bytes
    error: str | None = None
    log: bytes = b""
