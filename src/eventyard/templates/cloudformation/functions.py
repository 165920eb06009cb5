"""The intrinsic functions: what they say here and now, and references where that is only known later.

CloudFormation user guide, "Intrinsic function reference". A function that is not done is refused by name.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

import msgspec

from eventyard.contract.finding import Place
from eventyard.resource import Join, Reference
from eventyard.templates.scope import NO_VALUE, PSEUDO, Scope
from eventyard.templates.text import SHORT
from eventyard.templates.tree import (
    GONE,
    UNKNOWN,
    Choice,
    Entry,
    Fields,
    Items,
    Node,
    Scalar,
    later,
    missing,
    plain,
    scalar,
    settle,
    text,
    unknown,
    word,
)

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAMES = frozenset(SHORT.values()) - {"Condition"}
IN_CONDITIONS = frozenset({"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"})
REFUSED = frozenset({"Fn::Cidr", "Fn::ForEach", "Fn::GetAZs", "Fn::GetStackOutput", "Fn::Transform"})
DONE = _NAMES - IN_CONDITIONS - REFUSED


class _Bad(Exception):
    """A function that can't be done. ``message`` None: the finding is there already."""

    def __init__(self, node: Node, message: str | None = None, rule: str = "bad-function") -> None:
        super().__init__(message)
        self.node = node
        self.message = message
        self.rule = rule


class Functions:
    """Evaluates nodes of one template. ``idle``: inside of what a condition leaves out, where more may be named."""

    def __init__(self, scope: Scope, idle: bool = False) -> None:
        self._scope = scope
        self._findings = scope.findings
        self._idle = idle
        self._known: Mapping[str, Callable[[Node, Place], Node]] = {
            "Ref": self._ref,
            "Fn::Base64": self._base64,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import,
            "Fn::Join": self._join,
            "Fn::Length": self._length,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
            "Fn::ToJsonString": self._to_json,
        }

    def evaluate(self, node: Node) -> Node:
        """``node`` with the results of its functions. What can't be done is a finding and ``UNKNOWN``."""
        if isinstance(node, Scalar):
            return node
        if isinstance(node, Choice):
            return Choice(self.evaluate(node.chosen), self.evaluate(node.other), node.place)
        if isinstance(node, Items):
            return Items(tuple(self.evaluate(item) for item in node.items), node.place)
        if not any(name == "Ref" or name.startswith("Fn::") for name in node.entries):
            return Fields(
                {name: Entry(entry.place, self.evaluate(entry.node)) for name, entry in node.entries.items()},
                node.place,
            )
        if (only := node.only()) is None:
            name = next(name for name in node.entries if name == "Ref" or name.startswith("Fn::"))
            place = node.entries[name].place
            rule, message = "bad-function", f"{name[:60]} stands alone in its mapping; there is more beside it."
            if name.startswith("Fn::ForEach::"):
                rule, message = "unsupported-function", f"{name[:60]} is not done here."
            self._findings.error(place, rule, message)
            return Scalar(UNKNOWN, node.place)
        return self._call(*only, node.place)

    def _call(self, name: str, entry: Entry, place: Place) -> Node:
        try:
            if name in self._known:
                return self._known[name](entry.node, place)
            if name in REFUSED or name.startswith("Fn::ForEach"):
                self._findings.error(place, "unsupported-function", f"{name[:60]} is not done here.")
            elif name in IN_CONDITIONS:
                self._findings.error(place, "bad-function", f"{name} is for conditions only.")
            else:
                self._findings.unknown(place, "unknown-function", "The function", name, _NAMES)
        except _Bad as bad:
            if bad.message:
                self._findings.error(bad.node.place, bad.rule, f"{name}: {bad.message}")
        return Scalar(UNKNOWN, place)

    # What they take

    def _argument(self, node: Node) -> Scalar | Items | Fields:
        done = settle(self.evaluate(node))
        if unknown(done):
            raise _Bad(node)
        return done

    def _list(self, node: Node, *counts: int) -> tuple[Node, ...]:
        """The arguments, not evaluated."""
        if not isinstance(node, Items) or (counts and len(node.items) not in counts):
            wanted = f"a list of {' or '.join(map(str, counts))}" if counts else "a list"
            raise _Bad(node, f"wants {wanted}.")
        return node.items

    def _items(self, node: Node) -> list[Node]:
        done = self._argument(node)
        if not isinstance(done, Items):
            raise _Bad(node, f"wants a list, not {word(done)}.")
        if any(unknown(item) for item in done.items):
            raise _Bad(node)
        return [item for item in done.items if not missing(item)]

    def _text(self, node: Node) -> str:
        value = self._value(node)
        if not isinstance(value, str):
            raise _Bad(node, "wants what is known before anything is there.")
        return value

    def _value(self, node: Node) -> str | Reference | Join:
        done = self._argument(node)
        if not isinstance(done, Scalar) or done.value is None or done.value is GONE:
            raise _Bad(node, f"wants a text, not {word(done) if not missing(done) else NO_VALUE}.")
        if isinstance(done.value, str | Reference | Join):
            return done.value
        return done.text or text(done.value)

    # Names

    def _ref(self, node: Node, place: Place) -> Node:
        if not isinstance(node, Scalar):
            raise _Bad(node, "wants the name of a parameter or resource.")
        return self._named(text(node.value), place)

    def _named(self, name: str, place: Place) -> Node:
        scope = self._scope
        if name == NO_VALUE:
            return Scalar(GONE, place)
        if (value := scope.pseudo(name, place)) is not None:
            return value
        if name in PSEUDO:
            self._findings.error(place, "unsupported-parameter", f"{name} has no value here.")
            return Scalar(UNKNOWN, place)
        if name in scope.parameters:
            scope.used.add(name)
            if name in scope.unavailable and not self._idle:
                self._findings.error(place, "unsupported-parameter", scope.unavailable[name])
            return self._at(scope.parameters[name], place)
        return self._attribute(name, "Ref", place)

    def _attribute(self, name: str, attribute: str, place: Place) -> Node:
        head = self._scope.heads.get(name)
        if head is None:
            names = list(self._scope.heads) if attribute != "Ref" else self._scope.names()
            self._findings.unknown(
                place, "unknown-reference", "The resource" if attribute != "Ref" else "The name", name, names
            )
            return Scalar(UNKNOWN, place)
        if not head.wanted and not self._idle:
            message = f"{name} is left out by its condition, and this refers to it."
            self._findings.error(place, "unknown-reference", message)
            return Scalar(UNKNOWN, place)
        known = self._scope.attributes(head)
        if known is None:
            return Scalar(UNKNOWN, place)
        if attribute != "Ref" and attribute not in known:
            self._findings.unknown(
                place, "unknown-attribute", f"Of {name} ({head.type}) the attribute", attribute, known
            )
            return Scalar(UNKNOWN, place)
        if head.attributes is not None:
            return scalar(head.attributes[attribute], place)
        return Scalar(Reference(name, attribute), place)

    def _get_att(self, node: Node, place: Place) -> Node:
        if isinstance(node, Scalar):
            name, _, attribute = text(node.value).partition(".")
        else:
            first, *rest = self._list(node)
            if not isinstance(first, Scalar) or not rest:
                raise _Bad(node, "wants a resource and its attribute.")
            name, attribute = text(first.value), ".".join(self._text(one) for one in rest)
        if not name or not attribute:
            raise _Bad(node, "wants a resource and its attribute, as in Queue.Arn.")
        return self._attribute(name, attribute, place)

    def _import(self, node: Node, place: Place) -> Node:
        name = self._text(node)
        given = self._scope.where.parameters.get(name)
        if given is None:
            message = f"the export {name[:200]} is of another stack; give its value as a parameter of that name."
            raise _Bad(node, message, "unsupported-function")
        self._scope.used.add(name)
        return scalar(given, place)

    def _find_in_map(self, node: Node, place: Place) -> Node:
        arguments = self._list(node, 3, 4)
        keys = [self._text(one) for one in arguments[:3]]
        found: Node = self._scope.mappings or Fields({}, place)
        for at, key in enumerate(keys):
            if not isinstance(found, Fields) or key not in found.entries:
                if len(arguments) == 4 and isinstance(rest := arguments[3], Fields) and "DefaultValue" in rest.entries:
                    return self.evaluate(rest.entries["DefaultValue"].node)
                known = list(found.entries) if isinstance(found, Fields) else []
                what = "The mapping" if at == 0 else f"In the mapping {keys[0][:60]} the key"
                self._findings.unknown(arguments[at].place, "unknown-reference", what, key, known)
                raise _Bad(node)
            found = found.entries[key].node
        return self._at(found, place)

    # Choices

    def _if(self, node: Node, place: Place) -> Node:
        name, first, second = self._list(node, 3)
        if not isinstance(name, Scalar) or not isinstance(name.value, str):
            raise _Bad(name, "wants the name of a condition first.")
        holds = self._scope.condition(name.value, name.place)
        idle = Functions(self._scope, True)
        if holds is None:
            idle.evaluate(first)
            idle.evaluate(second)
            raise _Bad(node)
        chosen, other = (first, second) if holds else (second, first)
        return Choice(self.evaluate(chosen), idle.evaluate(other), place)

    def _select(self, node: Node, place: Place) -> Node:
        index, listed = self._list(node, 2)
        at, items = self._text(index).strip(), self._items(listed)
        if not re.fullmatch(r"[0-9]{1,6}", at) or int(at) >= len(items):
            raise _Bad(index, f"there is no item {at[:20]} in a list of {len(items)}; the first is 0.")
        return self._at(items[int(at)], place)

    # Texts

    def _join(self, node: Node, place: Place) -> Node:
        delimiter, listed = self._list(node, 2)
        between = self._text(delimiter)
        parts: list[str | Reference | Join] = []
        for item in self._items(listed):
            parts += [between, self._value(item)] if parts else [self._value(item)]
        return self._joined(parts, place)

    def _sub(self, node: Node, place: Place) -> Node:
        given: Mapping[str, Entry] = {}
        template = node
        if isinstance(node, Items):
            template, names = self._list(node, 2)
            if not isinstance(names, Fields):
                raise _Bad(names, "wants a mapping of names second.")
            given = names.entries
        if not isinstance(template, Scalar) or template.value is None:
            raise _Bad(template, "wants a text.")
        values = {name: self._value(entry.node) for name, entry in given.items()}
        parts: list[str | Reference | Join] = []
        end, whole, asked = 0, template.text or text(template.value), set[str]()
        for found in _VARIABLE.finditer(whole):
            parts.append(whole[end : found.start()])
            end = found.end()
            name = found.group(1).strip()
            asked.add(name)
            if name.startswith("!"):
                parts.append("${" + found.group(1).lstrip()[1:] + "}")
            elif name in values:
                parts.append(values[name])
            else:
                parts.append(self._value(self._variable(name, template)))
        for name in given:
            if name not in asked:
                self._findings.warn(given[name].place, "unused-variable", f"The text has no ${{{name[:60]}}}.")
        return self._joined([*parts, whole[end:]], place)

    def _variable(self, name: str, template: Node) -> Node:
        if not name:
            raise _Bad(template, "a name is missing in ${}.")
        resource, dot, attribute = name.partition(".")
        if dot and name not in self._scope.parameters:
            return self._attribute(resource, attribute, template.place)
        return self._named(name, template.place)

    def _joined(self, parts: list[str | Reference | Join], place: Place) -> Node:
        flat: list[str | Reference] = []
        run: list[str] = []
        for part in (*parts, None):
            for one in part.parts if isinstance(part, Join) else (part,):
                if isinstance(one, str):
                    self._findings.spend(len(one) + 1, place)
                    run.append(one)
                    continue
                if "".join(run):
                    flat.append("".join(run))
                run = []
                if one is not None:
                    self._findings.spend(20, place)
                    flat.append(one)
        if all(isinstance(one, str) for one in flat):
            return scalar("".join(map(str, flat)), place)
        if len(flat) == 1:
            return Scalar(flat[0], place)
        return Scalar(Join(tuple(flat)), place)

    def _split(self, node: Node, place: Place) -> Node:
        delimiter, source = self._list(node, 2)
        between, whole = self._text(delimiter), self._text(source)
        if not between:
            raise _Bad(delimiter, "wants a delimiter.")
        self._findings.spend(len(whole), place)
        return Items(tuple(scalar(one, place) for one in whole.split(between)), place)

    def _base64(self, node: Node, place: Place) -> Node:
        whole = self._text(node).encode(errors="replace")
        self._findings.spend(len(whole) * 2, place)
        return scalar(base64.b64encode(whole).decode(), place)

    def _length(self, node: Node, place: Place) -> Node:
        self._extension(node)
        return scalar(len(self._items(node)), place)

    def _to_json(self, node: Node, place: Place) -> Node:
        self._extension(node)
        value = plain(self._argument(node))
        if later(value):
            raise _Bad(node, "wants what is known before anything is there.")
        written = msgspec.json.encode(value).decode()
        self._findings.spend(len(written), place)
        return scalar(written, place)

    def _extension(self, node: Node) -> None:
        if not self._scope.extended:
            raise _Bad(node, "is there only with the transform AWS::LanguageExtensions.")

    def _at(self, node: Node, place: Place) -> Node:
        """``node`` with the place where it is asked for."""
        if isinstance(node, Scalar):
            return Scalar(node.value, place, node.text)
        if isinstance(node, Items):
            self._findings.spend(len(node.items), place)
            return Items(tuple(self._at(item, place) for item in node.items), place)
        return node
