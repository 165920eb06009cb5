"""The section ``Conditions``: which hold, given the parameters. CloudFormation user guide, "Condition functions"."""

from __future__ import annotations

from eventyard.contract.finding import Place
from eventyard.templates.cloudformation.functions import Functions
from eventyard.templates.scope import Scope
from eventyard.templates.tree import Fields, Items, Node, Scalar, later, plain, text, unknown

#: Levels of conditions that ask for conditions.
_DEEPEST = 50


class Conditions:
    def __init__(self, section: Fields, scope: Scope) -> None:
        self._section = section
        self._scope = scope
        self._functions = Functions(scope)
        self._known: dict[str, bool | None] = {}
        self._asked: list[str] = []

    def all(self) -> None:
        """Evaluate every one, also those that nobody asks for."""
        for name, entry in self._section.entries.items():
            self.holds(name, entry.place)

    def holds(self, name: str, place: Place) -> bool | None:
        """Whether it does; None, with a finding, where that can't be said."""
        if name in self._known:
            return self._known[name]
        entry = self._section.entries.get(name)
        if entry is None:
            self._scope.findings.unknown(place, "unknown-reference", "The condition", name, self._section.entries)
            return None
        if name in self._asked or len(self._asked) >= _DEEPEST:
            what = "asks for itself" if name in self._asked else "asks for too many others"
            self._scope.findings.error(entry.place, "circular", f"The condition {name[:60]} {what}.")
            return None
        self._asked.append(name)
        self._known[name] = self._say(entry.node)
        self._asked.pop()
        return self._known[name]

    def _say(self, node: Node) -> bool | None:
        only = node.only() if isinstance(node, Fields) else None
        if only is None:
            if isinstance(node, Scalar) and text(node.value) in ("true", "false"):
                return text(node.value) == "true"
            self._bad(node, "A condition is one of Fn::And, Fn::Equals, Fn::Not, Fn::Or and Condition.")
            return None
        name, argument = only[0], only[1].node
        if name == "Condition":
            if not isinstance(argument, Scalar):
                self._bad(argument, "Condition wants the name of one.")
                return None
            return self.holds(text(argument.value), argument.place)
        if name == "Fn::Equals":
            return self._equals(argument)
        if name not in ("Fn::And", "Fn::Not", "Fn::Or"):
            known = ("Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or")
            self._scope.findings.unknown(only[1].place, "unknown-function", "In conditions the function", name, known)
            return None
        least, most = (1, 1) if name == "Fn::Not" else (2, 10)
        if not isinstance(argument, Items) or not least <= len(argument.items) <= most:
            self._bad(argument, f"{name} wants a list of {least if least == most else '2 to 10'}.")
            return None
        said = [self._say(one) for one in argument.items]
        if None in said:
            return None
        return not said[0] if name == "Fn::Not" else all(said) if name == "Fn::And" else any(said)

    def _equals(self, argument: Node) -> bool | None:
        if not isinstance(argument, Items) or len(argument.items) != 2:
            self._bad(argument, "Fn::Equals wants a list of 2.")
            return None
        nodes = [self._functions.evaluate(one) for one in argument.items]
        if any(unknown(one) for one in nodes):
            return None
        values = [plain(one) for one in nodes]
        if any(later(one) for one in values):
            self._bad(argument, "A condition can't ask what is only known later.")
            return None
        first, second = (one if isinstance(one, list | dict) else text(one) for one in values)
        return first == second

    def _bad(self, node: Node, message: str) -> None:
        self._scope.findings.error(node.place, "bad-function", message)
