"""What is kept of a pipe, and what its parts hand each other. Nothing here runs.

An event source mapping is a pipe whose target is a function, with the ARN of a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Desired = Literal["RUNNING", "STOPPED"]
#: States that a pipe comes to by itself, and stays in until somebody starts or changes it.
Failed = Literal["CREATE_FAILED", "START_FAILED", "UPDATE_FAILED", "STOPPED"]
RUNNING: Desired = "RUNNING"
STOPPED: Desired = "STOPPED"


class Pipe(msgspec.Struct, frozen=True):
    """``source_parameters``, ``enrichment_parameters`` and ``target_parameters``: as the API gives them, times in
    epoch seconds. ``born``: names this very pipe, so that one of the same name does not go on from its place.
    ``failed``: the state that it is in because its source isn't there, for which ``reason`` is a sentence."""

    arn: str
    account: str
    region: str
    name: str
    source: str
    target: str
    role: str
    desired: Desired
    created: int
    modified: int
    born: str
    description: str = ""
    enrichment: str | None = None
    source_parameters: Mapping[str, Any] = {}
    enrichment_parameters: Mapping[str, Any] = {}
    target_parameters: Mapping[str, Any] = {}
    tags: Mapping[str, str] = {}
    failed: Failed | None = None
    reason: str = ""

    @property
    def current(self) -> Desired | Failed:
        """The state that it is in."""
        return self.failed or self.desired

    def source_settings(self, kind: str) -> Mapping[str, Any]:
        """Those for a source of ``kind``, such as ``SqsQueueParameters``."""
        found: Mapping[str, Any] = self.source_parameters.get(kind) or {}
        return found

    @property
    def mapping(self) -> bool:
        """Whether it is an event source mapping of a function, and no pipe to who looks at it."""
        return ":event-source-mapping:" in self.arn


def pipe_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:pipes:{region}:{account}:pipe/{name}"


def mapping_arn(account: str, region: str, id: str) -> str:
    return f"arn:aws:lambda:{region}:{account}:event-source-mapping:{id}"


class Record(msgspec.Struct, frozen=True):
    """One event of a source. ``key``: what a partial failure names it by. ``body``: as the source's own documentation
    shows it, with its payload as text; ``parsed``: the same with the payload as JSON, where it is some. ``group``:
    what has to stay in order; None for nothing. ``at``: when the source got it (ms). ``trace``: its trace header."""

    key: str
    body: bytes
    parsed: bytes
    at: int
    group: str | None = None
    trace: str | None = None
