"""Pipes: from one queue or stream to one target, by way of filters and an enrichment. Knows no APIs."""

from __future__ import annotations

from eventyard.pipes.dynamic import DynamicTarget, paths_of
from eventyard.pipes.pipes import Pipes
from eventyard.pipes.resources import RUNNING, STOPPED, Pipe, mapping_arn, pipe_arn
from eventyard.pipes.stages import Stages
from eventyard.pipes.template import compile_template

__all__ = [
    "RUNNING",
    "STOPPED",
    "DynamicTarget",
    "Pipe",
    "Pipes",
    "Stages",
    "compile_template",
    "mapping_arn",
    "paths_of",
    "pipe_arn",
]
