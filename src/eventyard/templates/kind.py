"""Which kind of file a text is, by its name and its outermost keys."""

from __future__ import annotations

import posixpath
from typing import Literal

from eventyard.templates.findings import Findings, TooMuch
from eventyard.templates.text import read_tree
from eventyard.templates.tree import Fields

FileKind = Literal["cloudformation", "own", "serverless"]

_TEMPLATES = frozenset({"AWSTemplateFormatVersion", "Resources", "Transform"})


def kind_of(path: str, content: str) -> FileKind:
    """``own`` is ``eventyard.yml``, and whatever is nothing else."""
    name = posixpath.basename(path).lower()
    stem, extension = posixpath.splitext(name)
    if stem == "serverless":
        return "serverless"
    if stem == "eventyard":
        return "own"
    try:
        tree = read_tree(path, content, Findings())
    except (TooMuch, RecursionError):
        tree = None
    if isinstance(tree, Fields):
        if _TEMPLATES & tree.entries.keys():
            return "cloudformation"
        return "serverless" if {"service", "provider"} <= tree.entries.keys() else "own"
    return "cloudformation" if stem == "template" or extension in (".json", ".template") else "own"
