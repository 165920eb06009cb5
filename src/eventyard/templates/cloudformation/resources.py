"""The resources of a template: which there are, and each with its properties checked against its type.

CloudFormation user guide, "Resource attribute reference".
"""

from __future__ import annotations

import graphlib
from typing import Any

import msgspec

from eventyard.contract.finding import Place
from eventyard.resource import Resource, references
from eventyard.templates.cloudformation.functions import Functions
from eventyard.templates.cloudformation.roles import LEFT_OUT, attributes
from eventyard.templates.code import local
from eventyard.templates.findings import Findings
from eventyard.templates.sam import function as sam
from eventyard.templates.scope import Head, Scope
from eventyard.templates.shapes import convert, listed
from eventyard.templates.tree import Fields, Missing, Node, Scalar, text, unknown, word
from eventyard.templates.types import types

#: The attributes of a resource that are read, and those that have no effect here and are named.
READ = ("Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy")
WITHOUT_EFFECT = ("CreationPolicy", "Description", "UpdatePolicy")
REFUSED = ("Connectors", "IgnoreGlobals")
_KEPT, _DELETED = ("Retain", "RetainExceptOnCreate"), ("Delete", "Snapshot")


class Resources:
    """``announce`` says which there are, then ``read`` reads them, then ``all`` are there to be taken."""

    def __init__(self, scope: Scope, path: str) -> None:
        self._scope = scope
        self._findings: Findings = scope.findings
        self._path = path
        self._made: dict[str, Resource] = {}

    def announce(self, section: Fields, serverless: bool) -> None:
        """Note every resource's type, and whether its condition holds."""
        for name, entry in section.entries.items():
            kind = self._type(name, entry.node, entry.place)
            if kind is None or not isinstance(entry.node, Fields):
                continue
            wanted = self._wanted(entry.node)
            if name in self._scope.heads:
                self._findings.error(entry.place, "duplicate-key", f"{name} is there already.")
            if kind.startswith(sam.PREFIX) and not serverless:
                message = f"{kind} wants the line `Transform: {sam.SERVERLESS}` at the top."
                self._findings.error(entry.place, "missing-transform", message)
            elif kind == sam.FUNCTION:
                sam.announce(name, entry, wanted, self._scope)
                continue
            stand_in = attributes(name, kind, entry.node.get("Properties"), self._scope)
            self._scope.heads[name] = Head(kind, entry.place, wanted, stand_in)

    def read(self, section: Fields, shared: Fields) -> None:
        """Read the properties of all that was announced. ``shared``: SAM's globals for functions."""
        for name, entry in section.entries.items():
            head, node = self._scope.heads.get(name), entry.node
            if head is None or not isinstance(node, Fields):
                continue
            self._attributes(name, node)
            given = node.get("Properties") or Fields({}, node.place)
            if isinstance(given, Scalar) and given.value is None:
                given = Fields({}, given.place)
            properties = Functions(self._scope, not head.wanted).evaluate(given)
            if unknown(properties):
                continue
            after, keep, replaced = self._after(node), self._keep(node), self._keep_replaced(node)
            if (kind := node.get("Type")) is not None and isinstance(kind, Scalar) and kind.value == sam.FUNCTION:
                self._built(node.get("Metadata"))
                for one in sam.function(name, entry.place, properties, shared, self._scope, self._path):
                    if head.wanted:
                        waits = after if one.id == name else ()
                        self.add(msgspec.structs.replace(one, after=waits, keep=keep, keep_replaced=replaced))
                continue
            made = self._properties(name, head, properties)
            if head.wanted and head.attributes is None and not isinstance(made, Missing):
                self.add(Resource(name, head.type, made, entry.place, after, keep, replaced))

    def add(self, resource: Resource) -> None:
        if resource.id in self._made:
            self._findings.error(resource.place, "duplicate-key", f"{resource.id} is there already.")
        self._made[resource.id] = resource

    def all(self) -> tuple[Resource, ...]:
        """All, checked to not wait for one another in a circle."""
        after = {
            name: {one.resource for one in references(made.properties)} & self._made.keys() | set(made.after)
            for name, made in self._made.items()
        }
        try:
            graphlib.TopologicalSorter(after).prepare()
        except graphlib.CycleError as error:
            circle = [str(name) for name in error.args[1]]
            place = self._made[circle[0]].place
            self._findings.error(place, "circular", f"These wait for one another: {', '.join(circle[:20])}.")
        return tuple(self._made.values())

    def _type(self, name: str, node: Node, place: Place) -> str | None:
        """The type of a resource that can be read; None with a finding."""
        if name.startswith("Fn::"):
            self._findings.error(place, "unsupported-function", f"{name[:60]} is not done here.")
            return None
        kind = node.get("Type") if isinstance(node, Fields) else None
        if not isinstance(kind, Scalar) or not isinstance(kind.value, str):
            self._findings.error(
                place, "missing-property", f"The resource {name[:60]} wants a Type, such as AWS::SQS::Queue."
            )
            return None
        if not name.isascii() or not name.isalnum():
            self._findings.error(place, "bad-name", f"The id {name[:60]!r} of a resource has letters and digits only.")
        if kind.value in types() or kind.value.startswith(LEFT_OUT) or kind.value == sam.FUNCTION:
            return kind.value
        if kind.value.startswith(sam.PREFIX):
            self._findings.error(
                kind.place, "unsupported-type", f"{kind.value[:100]} is not done here; {sam.FUNCTION} is."
            )
        else:
            known = (*types(), sam.FUNCTION)  # all begin alike, so that only what is very near was meant
            self._findings.unknown(kind.place, "unsupported-type", "The type", kind.value, known, 0.85)
        # It is known as a name, so that references to it are no findings, too.
        self._scope.heads[name] = Head(kind.value, place)
        return None

    def _wanted(self, node: Fields) -> bool:
        condition = node.get("Condition")
        if condition is None:
            return True
        if not isinstance(condition, Scalar) or not isinstance(condition.value, str):
            self._findings.error(condition.place, "wrong-type", f"Condition is the name of one, not {word(condition)}.")
            return True
        return self._scope.condition(condition.value, condition.place) is not False

    def _attributes(self, name: str, node: Node) -> None:
        for key, entry in node.entries.items() if isinstance(node, Fields) else ():
            if key in WITHOUT_EFFECT:
                self._findings.warn(entry.place, "no-effect", f"{key} has no effect here.")
            elif key in REFUSED:
                self._findings.error(entry.place, "unsupported-property", f"{key} is not done here.")
            elif key not in READ:
                self._findings.unknown(entry.place, "unknown-key", f"In {name}", key, READ)
        if isinstance(node, Fields) and (policy := node.get("UpdateReplacePolicy")) is not None:
            if not isinstance(policy, Scalar) or policy.value not in (*_KEPT, *_DELETED):
                self._findings.error(
                    policy.place, "not-allowed", f"UpdateReplacePolicy is Delete or Retain, not {word(policy)}."
                )
            elif policy.value == "Snapshot":
                self._findings.warn(
                    policy.place, "no-effect", "What is replaced is deleted: there are no snapshots of it here."
                )

    def _after(self, node: Fields) -> tuple[str, ...]:
        given = node.get("DependsOn")
        if given is None:
            return ()
        found = []
        for one in listed(given, given.place).items:
            if not isinstance(one, Scalar):
                self._findings.error(one.place, "wrong-type", f"DependsOn has ids of resources, not {word(one)}.")
            elif (head := self._scope.heads.get(text(one.value))) is None:
                self._findings.unknown(
                    one.place, "unknown-reference", "The resource", text(one.value), self._scope.heads
                )
            elif head.wanted and head.attributes is None:
                found.append(text(one.value))
        return tuple(found)

    def _built(self, metadata: Node | None) -> None:
        """``sam build`` is not run: what it would add must be in the folder."""
        method = metadata.entries.get("BuildMethod") if isinstance(metadata, Fields) else None
        if method is not None:
            self._findings.warn(method.place, "no-effect", "Nothing is built here: the folder is the code as it is.")

    def _keep(self, node: Fields) -> bool:
        policy = node.get("DeletionPolicy")
        if policy is None:
            return False
        value = policy.value if isinstance(policy, Scalar) else None
        if value == "Snapshot" or value not in (*_KEPT, *_DELETED):
            message = f"DeletionPolicy is Delete, Retain or RetainExceptOnCreate, not {word(policy)}."
            self._findings.error(policy.place, "not-allowed", message)
        return value in _KEPT

    @staticmethod
    def _keep_replaced(node: Fields) -> bool:
        policy = node.get("UpdateReplacePolicy")
        return isinstance(policy, Scalar) and policy.value in _KEPT

    def _properties(self, name: str, head: Head, node: Node) -> Any:
        if head.attributes is not None:
            message = f"{head.type} is left out: there is nothing like it here."
            self._findings.warn(head.place, "left-out", message)
            return {}
        made = convert(node, types()[head.type].shape, self._findings, name) if head.type in types() else {}
        if head.type == "AWS::Lambda::Function" and not isinstance(made, Missing) and isinstance(made.get("Code"), str):
            made["Code"] = local(self._path, made["Code"])
        return made
