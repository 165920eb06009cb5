"""The section ``Outputs``: what to show after a stack was applied."""

from __future__ import annotations

from typing import Any

from eventyard.templates.cloudformation.functions import Functions
from eventyard.templates.scope import Scope
from eventyard.templates.shapes import convert
from eventyard.templates.tree import Entry, Fields, Missing, Scalar

_SHAPE = {
    "fields": {
        "Condition": "string",
        "Description": "string",
        "Value": "string",
        "Export": {"fields": {"Name": "string"}, "required": ["Name"]},
    },
    "required": ["Value"],
}


def read_outputs(section: Fields, scope: Scope) -> dict[str, Any]:
    """The values by the outputs' names, and by those of their exports as ``export NAME``."""
    outputs: dict[str, Any] = {}
    for name, entry in section.entries.items():
        wanted = _wanted(entry, scope)
        node = Functions(scope, not wanted).evaluate(entry.node)
        made = convert(node, _SHAPE, scope.findings, f"The output {name}", "unknown-key")
        if not wanted or isinstance(made, Missing):
            continue
        outputs[name] = made["Value"]
        if "Export" in made and not isinstance(made["Export"]["Name"], str):
            scope.findings.error(
                entry.place, "bad-function", f"The name of the export of {name} has to be known before."
            )
        elif "Export" in made:
            outputs[f"export {made['Export']['Name']}"] = made["Value"]
    return outputs


def _wanted(entry: Entry, scope: Scope) -> bool:
    condition = entry.node.get("Condition") if isinstance(entry.node, Fields) else None
    if not isinstance(condition, Scalar) or not isinstance(condition.value, str):
        return True
    return scope.condition(condition.value, condition.place) is not False
