"""CloudFormation and SAM templates: from their text to a stack.

CloudFormation user guide, "Template anatomy"; Serverless Application Model developer guide. It reads no files and knows
no server. What is not understood is a finding with its place; with an error among them there is no stack.
"""

from __future__ import annotations

from typing import Protocol

from eventyard.resource import Stack
from eventyard.templates.checks import Result, checked
from eventyard.templates.cloudformation.conditions import Conditions
from eventyard.templates.cloudformation.outputs import read_outputs
from eventyard.templates.cloudformation.parameters import read_parameters, unused
from eventyard.templates.cloudformation.resources import Resources
from eventyard.templates.findings import Findings, TooMuch
from eventyard.templates.sam.function import SERVERLESS, read_globals
from eventyard.templates.scope import Scope, Where
from eventyard.templates.text import read_tree
from eventyard.templates.tree import Fields, Items, Node, Scalar, text, word

_VERSION = "2010-09-09"
EXTENSIONS = "AWS::LanguageExtensions"
#: What is read, and what has no effect here and is named where it is used.
SECTIONS = (
    *(
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Globals",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
    ),
    *("Resources", "Transform"),
)
WITHOUT_EFFECT = {
    "Rules": "the assertions of Rules are not checked here",
    "Hooks": "Hooks are for CodeDeploy and do nothing here",
}


def read_cloudformation(path: str, content: str, where: Where) -> Result:
    """The stack that the template ``content`` (YAML or JSON) asks for. ``path``: for findings, and what local code is
    relative to. There is no stack if one of the findings is an error."""
    findings = Findings()
    stack = None
    try:
        tree = read_tree(path, content, findings)
        if tree is not None:
            stack = read_template(tree, Scope(where, findings), path)
    except TooMuch:
        pass
    except RecursionError:
        findings.error((path, 1, 1), "too-deep", "The template is nested too deeply.")
    return checked(stack, findings, {path: content})


class Part(Protocol):
    """Another part of the file, whose resources belong to the template's and may refer to them."""

    def announce(self, scope: Scope) -> None:
        """Note what the template's resources may refer to, in ``scope``."""

    def resources(self, scope: Scope, resources: Resources) -> None:
        """Add the part's resources."""


def read_template(tree: Node, scope: Scope, path: str, part: Part | None = None) -> Stack | None:
    """The stack of a template's tree, with what another ``part`` of the file adds."""
    findings = scope.findings
    if not isinstance(tree, Fields):
        findings.error(tree.place, "wrong-type", f"A template is a mapping with Resources, not {word(tree)}.")
        return None
    for name, entry in tree.entries.items():
        if name in WITHOUT_EFFECT:
            findings.warn(entry.place, "no-effect", f"{WITHOUT_EFFECT[name][0].upper()}{WITHOUT_EFFECT[name][1:]}.")
        elif name not in SECTIONS:
            findings.unknown(entry.place, "unknown-section", "The section", name, SECTIONS)
    version = tree.get("AWSTemplateFormatVersion")
    if version is not None and not (isinstance(version, Scalar) and version.text == _VERSION):
        findings.error(version.place, "not-allowed", f"AWSTemplateFormatVersion is {_VERSION}, not {word(version)}.")
    if (description := tree.get("Description")) is not None and not isinstance(description, Scalar):
        findings.error(description.place, "wrong-type", f"Description is a text, not {word(description)}.")
    transforms = _transforms(tree, findings)
    scope.extended = EXTENSIONS in transforms
    read_parameters(_section(tree, "Parameters", findings), scope)
    _mappings(tree, scope)
    conditions = Conditions(_section(tree, "Conditions", findings), scope)
    scope.condition = conditions.holds
    conditions.all()
    resources = Resources(scope, path)
    section = _section(tree, "Resources", findings)
    if not section.entries and part is None:
        findings.error(tree.place, "missing-property", "A template wants Resources.")
    resources.announce(section, SERVERLESS in transforms)
    if part is not None:
        part.announce(scope)
        part.resources(scope, resources)
    shared = read_globals(_section(tree, "Globals", findings), scope, SERVERLESS in transforms)
    resources.read(section, shared)
    outputs = read_outputs(_section(tree, "Outputs", findings), scope)
    unused(scope, path)
    return Stack(scope.where.stack, resources.all(), outputs)


def _section(tree: Fields, name: str, findings: Findings) -> Fields:
    node = tree.get(name)
    if node is None or isinstance(node, Fields):
        return node or Fields({}, tree.place)
    if not (isinstance(node, Scalar) and node.value is None and name not in ("Resources",)):
        findings.error(node.place, "wrong-type", f"{name} is a mapping, not {word(node)}.")
    return Fields({}, node.place)


def _transforms(tree: Fields, findings: Findings) -> set[str]:
    node = tree.get("Transform")
    if node is None:
        return set()
    found = set()
    for one in node.items if isinstance(node, Items) else (node,):
        if not isinstance(one, Scalar):
            findings.error(one.place, "unsupported-transform", "A macro with parameters can't be run here.")
        elif text(one.value) in (SERVERLESS, EXTENSIONS):
            found.add(text(one.value))
        else:
            findings.unknown(
                one.place, "unsupported-transform", "The transform", text(one.value), (SERVERLESS, EXTENSIONS)
            )
    return found


def _mappings(tree: Fields, scope: Scope) -> None:
    """Texts, numbers and lists of them, two levels down."""
    section = _section(tree, "Mappings", scope.findings)
    for mapping in section.entries.values():
        for key in mapping.node.entries.values() if isinstance(mapping.node, Fields) else ():
            for value in key.node.entries.values() if isinstance(key.node, Fields) else ():
                items = value.node.items if isinstance(value.node, Items) else (value.node,)
                for bad in (one for one in items if not isinstance(one, Scalar)):
                    scope.findings.error(
                        bad.place, "wrong-type", f"A mapping has texts and lists of them, not {word(bad)}."
                    )
            if not isinstance(key.node, Fields):
                scope.findings.error(
                    key.place, "wrong-type", f"A mapping has two levels of keys, not {word(key.node)}."
                )
        if not isinstance(mapping.node, Fields):
            scope.findings.error(
                mapping.place, "wrong-type", f"A mapping has two levels of keys, not {word(mapping.node)}."
            )
    scope.mappings = section
