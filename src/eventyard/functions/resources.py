"""What is kept of a function, and what its parts hand each other. Nothing here runs anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

LATEST = "$LATEST"

Origin = Literal["zip", "path", "command", "url"]


class Function(msgspec.Struct, frozen=True):
    """``code``: the SHA-256, in hexadecimal, of the zip file, or of what says where else the code is: ``path``, a
    folder or file on the server's machine, with ``python`` the interpreter that runs it (None for the server's own);
    ``command``, a program that is run for each invocation, in the folder ``path``; ``url``, what is called for each.
    ``statements``: those of its policy, as JSON by their id. ``reserved``: how many invocations may run at once, None
    for the server's default. ``retries`` and ``max_age`` (seconds): of asynchronous invocations, whose records go to
    ``on_success`` or ``on_failure`` (ARNs)."""

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
    path: str | None = None
    python: str | None = None
    command: tuple[str, ...] = ()
    url: str | None = None
    on_success: str | None = None
    on_failure: str | None = None

    @property
    def policy(self) -> str | None:
        """Its resource policy, as JSON; None without statements."""
        if not self.statements:
            return None
        return f'{{"Version":"2012-10-17","Id":"default","Statement":[{",".join(self.statements.values())}]}}'

    @property
    def origin(self) -> Origin:
        """Where its code comes from."""
        if self.url is not None:
            return "url"
        if self.command:
            return "command"
        return "zip" if self.path is None else "path"


def function_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


class Invocation(msgspec.Struct, frozen=True):
    """``id``: the request's. ``payload``: the event, as JSON."""

    id: str
    payload: bytes
    trace: str | None = None
    client_context: msgspec.Raw | None = None


class Outcome(msgspec.Struct, frozen=True):
    """How an invocation ended. ``payload``: JSON, the result or the error. ``error``: None, ``Unhandled`` for one that
    the handler raised or met. ``log``: the end of what it logged."""

    payload: bytes
    error: str | None = None
    log: bytes = b""
