"""What a file refers to: other resources by name, and ``${...}`` in its texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eventyard.contract.finding import Finding
from eventyard.resource import Join, Reference
from eventyard.templates.own.forms import Path, unknown
from eventyard.templates.own.yaml import Source

_INSIDE = re.compile(r"\$\$\{|\$\{([^}]*)\}")
PSEUDO = ("AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::StackName", "AWS::URLSuffix")


class Names:
    """``ids``: of all resources of the stack. ``parameters``: the values of ``${param:NAME}``. ``environment``: of
    ``${env:NAME}``."""

    def __init__(
        self, source: Source, ids: Mapping[str, str], parameters: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        self._source = source
        self._ids = ids
        self._parameters = parameters
        self._environment = environment
        self.found: list[Finding] = []

    def refer(self, section: str, name: Any, attribute: str, at: Path) -> Any:
        """The attribute of what ``section`` has under ``name``; an ARN stands for itself."""
        if not isinstance(name, str) or name.startswith("arn:"):
            return name
        id = f"{section}.{name}"
        if id in self._ids:
            return Reference(id, attribute)
        there = [each.partition(".")[2] for each in self._ids if each.startswith(f"{section}.")]
        hint = unknown(name, there) if there else f"{name} is not known; there are no {section} in the files."
        self.find(at, "unknown-name", f"{hint} What is not in the files is named by its ARN.")
        return None

    def expand(self, value: Any, at: Path) -> Any:
        """``value`` with all of its ``${...}`` replaced, in any depth."""
        if isinstance(value, dict):
            return {name: self.expand(each, (*at, name)) for name, each in value.items()}
        if isinstance(value, list):
            return [self.expand(each, (*at, index)) for index, each in enumerate(value)]
        return self._text(value, at) if isinstance(value, str) and "${" in value else value

    def find(self, at: Path, rule: str, message: str) -> None:
        self.found.append(Finding(*self._source.place(at), rule, message))

    def _text(self, value: str, at: Path) -> Any:
        parts: list[str | Reference] = []
        end = 0
        for match in _INSIDE.finditer(value):
            parts.append(value[end : match.start()])
            parts.append("${" if match[1] is None else self._said(match[1].strip(), at))
            end = match.end()
        parts.append(value[end:])
        joined: list[str | Reference] = []
        for part in parts:
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            elif part != "":
                joined.append(part)
        if len(joined) == 1:
            return joined[0]
        return Join(tuple(joined)) if joined else ""

    def _said(self, name: str, at: Path) -> str | Reference:
        kind, colon, rest = name.partition(":")
        if kind == "env" and colon:
            if rest in self._environment:
                return self._environment[rest]
            self.find(at, "no-variable", f"The environment variable {rest} is not set; ${{env:{rest}}} needs it.")
        elif kind == "param" and colon:
            if rest in self._parameters:
                return self._parameters[rest]
            message = (
                f"{unknown(rest, self._parameters, f'The parameter {rest}')} Give it with --parameter {rest}=VALUE."
            )
            self.find(at, "unknown-parameter", message)
        elif name in PSEUDO or name in self._ids:
            return Reference(name, "Ref")
        elif "." in name and name.rpartition(".")[0] in self._ids:
            return Reference(name.rpartition(".")[0], name.rpartition(".")[2])
        else:
            known = ("env:NAME", "param:NAME", *PSEUDO, *self._ids)
            self.find(at, "unknown-name", f"${{...}}: {unknown(name, known)}")
        return ""
