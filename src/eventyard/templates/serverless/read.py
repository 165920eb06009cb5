"""Files of Serverless Framework (version 3, provider aws): from their text to a stack.

Its documentation, "Serverless.yml Reference": what it generates has the ids and properties that it gives it, but for
its deployment bucket, versions and roles, which are left out. It opens no files itself and runs no plugins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from eventyard.resource import Resource
from eventyard.templates.checks import Result, checked
from eventyard.templates.cloudformation.functions import Functions
from eventyard.templates.cloudformation.read import SECTIONS, read_template
from eventyard.templates.cloudformation.resources import Resources
from eventyard.templates.cloudformation.roles import stand_in
from eventyard.templates.findings import Findings, TooMuch
from eventyard.templates.scope import Head, Scope, Where
from eventyard.templates.serverless import package
from eventyard.templates.serverless.functions import Service, announced, function
from eventyard.templates.serverless.shapes import PROVIDER, ROOT
from eventyard.templates.serverless.variables import Given, Variables
from eventyard.templates.shapes import convert, listed
from eventyard.templates.text import read_tree
from eventyard.templates.tree import Entry, Fields, Items, Missing, Node, Scalar, fields, text, unknown, word
from eventyard.templates.types import types

ROLE = "IamRoleLambdaExecution"
#: What an extension may say of a resource that the framework makes, besides Properties and DependsOn.
_SET = ("Condition", "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy", "Metadata")


def read_serverless(path: str, content: str, given: Given, stack: str = "") -> Result:
    """The stack that ``serverless.yml`` asks for. ``stack``: its name, instead of the one the file gives it. There is
    no stack if one of the findings is an error."""
    findings = Findings()
    made = None
    try:
        tree = read_tree(path, content, findings, old=False)
        if tree is not None:
            made = _File(path, content, given, findings, stack).read(tree)
    except TooMuch:
        pass
    except RecursionError:
        findings.error((path, 1, 1), "too-deep", "The file, or what its variables lead to, is nested too deeply.")
    return checked(made, findings, {path: content})


class _File:
    """One reading. As the part of a template it announces and reads what the functions stand for."""

    def __init__(self, path: str, content: str, given: Given, findings: Findings, stack: str) -> None:
        self._path = path
        self._given = given
        self._findings = findings
        self._stack = stack
        self._lines: Mapping[str, Sequence[str]] = {path: content.splitlines()}
        self._functions: dict[str, Entry] = {}
        self._extensions: dict[str, Entry] = {}
        self._provider: Node = Fields({}, (path, 1, 1))
        self._service: Service | None = None

    def read(self, raw: Node) -> Any:
        findings = self._findings
        if not isinstance(raw, Fields):
            findings.error(
                raw.place, "wrong-type", f"The file is a mapping with service and provider, not {word(raw)}."
            )
            return None
        variables = Variables(self._path, raw, self._given, findings)
        tree = variables.resolve(self._provided(raw))
        assert isinstance(tree, Fields)
        said = convert(tree, ROOT, findings, "The file", "unknown-section")
        package.check(tree.get("package"), findings)
        if (dotenv := tree.get("useDotenv")) is not None:
            message = (
                "useDotenv leaves .env* out of the code; its variables are not read: give them in the environment."
            )
            findings.warn(dotenv.place, "no-effect", message)
        code = package.patterns(self._path, {} if isinstance(said, Missing) else said)
        self._plugins(tree)
        self._functions = self._all_functions(tree.get("functions"))
        template = self._template(tree.get("resources"))
        provider, service = tree.get("provider"), _text(tree, "service")
        if not isinstance(provider, Fields) or service is None:
            if isinstance(provider, Items):
                findings.error(provider.place, "wrong-type", f"provider is a mapping, not {word(provider)}.")
            return None
        self._place_of_region(provider)
        if not re.fullmatch(r"[a-zA-Z][0-9A-Za-z-]*", service):
            findings.error(tree.place, "bad-name", "service has letters, digits and dashes and begins with a letter.")
        stage = variables.stage(tree.place)
        name = self._stack or _text(provider, "stackName") or f"{service}-{stage}"
        where = Where(name, self._given.account, self._given.region, self._given.parameters)
        self._provider = provider
        self._service = Service(service, stage, {}, self._path, self._lines, code)
        scope = Scope(where, findings, used=variables.used | {"stage", "region"})
        return read_template(template, scope, self._path, self)

    # The part of a template

    def announce(self, scope: Scope) -> None:
        assert self._service is not None
        scope.heads[ROLE] = Head(
            "AWS::IAM::Role", (self._path, 1, 1), True, stand_in(self._service.role(self._given.region), "Role", scope)
        )
        for name, entry in self._functions.items():
            for id, head in announced(name, entry, scope):
                scope.heads[id] = head

    def resources(self, scope: Scope, resources: Resources) -> None:
        assert self._service is not None
        said = convert(Functions(scope).evaluate(self._provider), PROVIDER, self._findings, "provider", "unknown-key")
        provider = {} if isinstance(said, Missing) else said
        if provider and provider["name"] != "aws":
            message = f"provider.name is aws, not {provider['name'][:60]}."
            self._findings.error(self._provider.place, "not-allowed", message)
        service = msgspec.structs.replace(self._service, provider=provider)
        made: dict[str, Resource] = {}
        for name, entry in self._functions.items():
            for one in function(name, entry, service, scope, made):
                made[one.id] = one
        for id, one in made.items():
            scope.heads.setdefault(id, Head(one.type, one.place))
        for id, entry in self._extensions.items():
            if id in made:
                made[id] = self._extended(made[id], entry, scope)
            elif id not in scope.heads:
                self._findings.unknown(entry.place, "unknown-reference", "The resource", id, made)
        for one in made.values():
            resources.add(one)

    # Sections

    def _provided(self, raw: Fields) -> Fields:
        """``provider: aws`` is short for its name."""
        provider = raw.entries.get("provider")
        if provider is None or not isinstance(provider.node, Scalar) or provider.node.value is None:
            return raw
        long = fields(provider.node.place, [("name", provider.node)])
        return Fields({**raw.entries, "provider": Entry(provider.place, long)}, raw.place)

    def _plugins(self, tree: Fields) -> None:
        node = tree.get("plugins")
        given = node.get("modules") if isinstance(node, Fields) else node
        for one in listed(given, given.place).items if given is not None else ():
            if isinstance(one, Scalar) and one.value is not None:
                self._findings.warn(one.place, "no-effect", f"The plugin {one.text[:100]} is not run here.")

    def _place_of_region(self, provider: Fields) -> None:
        region, node = _text(provider, "region"), provider.get("region")
        if region is not None and node is not None and region != self._given.region:
            message = f"The file says {region[:40]}; it is read for {self._given.region}, where it is applied."
            self._findings.warn(node.place, "other-region", message)

    def _all_functions(self, node: Node | None) -> dict[str, Entry]:
        """``functions``: a mapping, or a list of them (from several files)."""
        found: dict[str, Entry] = {}
        for one in listed(node, node.place).items if node is not None else ():
            if isinstance(one, Fields):
                for name, entry in one.entries.items():
                    if name in found:
                        self._findings.error(entry.place, "duplicate-key", f"The function {name[:60]} is there twice.")
                    found[name] = entry
            elif not unknown(one) and not (isinstance(one, Scalar) and one.value is None):
                self._findings.error(one.place, "wrong-type", f"functions is a mapping, not {word(one)}.")
        return found

    def _template(self, node: Node | None) -> Fields:
        """``resources``: a template, or a list of them, put together section by section."""
        place = node.place if node is not None else (self._path, 1, 1)
        sections: dict[str, Entry] = {}
        for part in listed(node, place).items if node is not None else ():
            if unknown(part) or (isinstance(part, Scalar) and part.value is None):
                continue
            if not isinstance(part, Fields):
                self._findings.error(
                    part.place, "wrong-type", f"resources is a mapping with Resources, not {word(part)}."
                )
                continue
            for name, entry in part.entries.items():
                if name == "extensions":
                    self._extend(entry)
                elif name not in SECTIONS or name not in sections:
                    sections[name] = entry
                else:
                    sections[name] = self._joined(name, sections[name], entry)
        return self._applied(Fields(sections, place))

    def _joined(self, name: str, first: Entry, second: Entry) -> Entry:
        if not isinstance(first.node, Fields) or not isinstance(second.node, Fields):
            if isinstance(second.node, Fields | Items) or isinstance(first.node, Fields | Items):
                self._findings.error(second.place, "wrong-type", f"{name} is there twice and can't be joined.")
            return second
        for key in second.node.entries.keys() & first.node.entries.keys():
            entry = second.node.entries[key]
            self._findings.error(entry.place, "duplicate-key", f"{key[:60]} is there twice.")
        return Entry(first.place, Fields({**first.node.entries, **second.node.entries}, first.node.place))

    def _extend(self, entry: Entry) -> None:
        if not isinstance(entry.node, Fields):
            self._findings.error(entry.place, "wrong-type", f"extensions is a mapping, not {word(entry.node)}.")
            return
        for id, one in entry.node.entries.items():
            if isinstance(one.node, Fields):
                self._extensions[id] = one
                for key, inner in one.node.entries.items():
                    if key not in (*_SET, "DependsOn", "Properties"):
                        known = (*_SET, "DependsOn", "Properties")
                        self._findings.unknown(inner.place, "unknown-key", f"In the extension of {id}", key, known)
            else:
                self._findings.error(one.place, "wrong-type", f"An extension is a mapping, not {word(one.node)}.")

    def _applied(self, template: Fields) -> Fields:
        """The extensions of the file's own resources, which are there before anything is read."""
        own = template.get("Resources")
        if not isinstance(own, Fields):
            return template
        entries = dict(own.entries)
        for id, extension in self._extensions.items():
            if id in entries and isinstance(entries[id].node, Fields) and isinstance(extension.node, Fields):
                entries[id] = Entry(entries[id].place, _overlaid(entries[id].node, extension.node))
        section = Entry(template.entries["Resources"].place, Fields(entries, own.place))
        return Fields({**template.entries, "Resources": section}, template.place)

    def _extended(self, resource: Resource, entry: Entry, scope: Scope) -> Resource:
        node = entry.node
        assert isinstance(node, Fields)
        properties, after, keep = dict(resource.properties), resource.after, resource.keep
        for key, one in node.entries.items():
            if key == "Properties":
                shape = {"fields": types()[resource.type].fields}
                found = convert(Functions(scope).evaluate(one.node), shape, self._findings, resource.id)
                properties |= {} if isinstance(found, Missing) else found
            elif key == "DependsOn":
                names = [text(each.value) for each in listed(one.node, one.place).items if isinstance(each, Scalar)]
                for name in names:
                    if name not in scope.heads:
                        self._findings.unknown(one.place, "unknown-reference", "The resource", name, scope.heads)
                after = (*after, *(name for name in names if name in scope.heads and name != ROLE))
            elif key == "DeletionPolicy":
                keep = isinstance(one.node, Scalar) and one.node.value in ("Retain", "RetainExceptOnCreate")
            elif key != "Metadata":
                self._findings.error(
                    one.place, "unsupported-property", f"{key} of what the framework makes is not done here."
                )
        return Resource(resource.id, resource.type, properties, resource.place, after, keep, resource.keep_replaced)


def _overlaid(first: Node, second: Node) -> Fields:
    """Serverless Framework documentation, "Override AWS CloudFormation Resource": which attributes are joined."""
    assert isinstance(first, Fields)
    assert isinstance(second, Fields)
    entries = dict(first.entries)
    for key, entry in second.entries.items():
        old = entries.get(key)
        if (
            key in ("Properties", "Metadata")
            and old
            and isinstance(old.node, Fields)
            and isinstance(entry.node, Fields)
        ):
            entries[key] = Entry(old.place, Fields({**old.node.entries, **entry.node.entries}, old.node.place))
        elif key == "DependsOn" and old:
            both = (*listed(old.node, old.place).items, *listed(entry.node, entry.place).items)
            entries[key] = Entry(old.place, Items(both, old.place))
        else:
            entries[key] = entry
    return Fields(entries, first.place)


def _text(tree: Fields, name: str) -> str | None:
    node = tree.get(name)
    return text(node.value) if isinstance(node, Scalar) and isinstance(node.value, str | int) else None
