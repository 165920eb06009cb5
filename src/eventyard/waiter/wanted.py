"""What a test waits for: types, a pattern, members of the detail, and a predicate of its own."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import orjson

from eventyard.errors import InvalidRequest
from eventyard.pattern import explain, parse
from eventyard.text import printable
from eventyard.waiter.event import Event

Predicate = Callable[[Event], Any]

_LONGEST = 120
_OPERATORS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}


class Wanted(msgspec.Struct, frozen=True):
    """``pattern``: what the server looks at, as EventBridge's patterns; None for every event. ``where``: what is looked
    at here."""

    types: tuple[str, ...]
    pattern: Mapping[str, Any] | None
    where: Predicate | None

    @property
    def name(self) -> str:
        return printable(" or ".join(self.types)) or "event"

    def takes(self, event: Event) -> bool:
        """Whether an event that the server sent is one. What the predicate raises over a missing member is a no;
        a typing error in it is not, and reaches the test."""
        if self.where is None:
            return True
        try:
            return bool(self.where(event))
        except (KeyError, IndexError, TypeError):
            return False

    def why_not(self, event: Event) -> tuple[float, str] | None:
        """How far ``event`` is from what is wanted, and the first thing that differs; None if nothing does."""
        if self.pattern is not None:
            found = explain(parse(orjson.dumps(self.pattern).decode()), event.body)
            if not found.matched:
                return 1 + (found.conditions - found.held) / max(found.conditions, 1), str(found)
        if self.where is None or self.takes(event):
            return None
        return 1.0, _why_false(self.where, event)


def wanted(
    types: str | list[str] | tuple[str, ...] | None,
    where: Predicate | None,
    detail: Mapping[str, Any] | None,
    source: str | None,
    pattern: Mapping[str, Any] | None,
) -> Wanted:
    """``detail``: members that the detail must have, with these values; nested. Raises InvalidPattern, and
    InvalidRequest for what contradicts itself."""
    names = (types,) if isinstance(types, str) else tuple(types or ())
    whole: dict[str, Any] = dict(pattern or {})
    for key, value in (
        ("detail-type", list(names)),
        ("source", [source] if source else []),
        ("detail", _exactly(detail or {})),
    ):
        if value:
            if key in whole:
                raise InvalidRequest(f"{key} is in the pattern and given beside it: say it once.")
            whole[key] = value
    if whole:
        parse(orjson.dumps(whole).decode())
    return Wanted(names, whole or None, where)


def _exactly(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _exactly(value) if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
        for name, value in members.items()
    }


# --- predicates explain themselves -----------------------------------------------------------------------------------


def _why_false(where: Predicate, event: Event) -> str:
    """The first part of the predicate's ``and`` that is false, with the values on its two sides, if its source can be
    found; else only that it is false."""
    try:
        expression, parameter = _expression(where)
        names = _names(where) | {parameter: event}
        for part in expression.values if isinstance(expression, ast.BoolOp) else [expression]:
            why = _part(part, names)
            if why is not None:
                return why
    except (OSError, TypeError, SyntaxError, LookupError, NameError, AttributeError):
        pass
    return "the predicate is false"


def _expression(where: Predicate) -> tuple[ast.expr, str]:
    """What the predicate answers, and the name of its parameter. Raises LookupError for what is more than that."""
    source = textwrap.dedent(inspect.getsource(where)).strip()
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a lambda amid a call that goes over several lines
        tree = ast.parse(source[source.index("lambda") :].rstrip().rstrip(",)"))
    if where.__name__ == "<lambda>":
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
        if len(found) != 1:
            raise LookupError("which lambda it is can't be told")
        return _and(found[0].body), found[0].args.args[0].arg
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    last = function.body[-1]
    if not isinstance(last, ast.Return) or last.value is None or len(function.body) > 1:
        raise LookupError("it is more than an expression")
    return _and(last.value), function.args.args[0].arg


def _and(expression: ast.expr) -> ast.expr:
    """``or`` can't be told apart: any of its parts could be meant."""
    if isinstance(expression, ast.BoolOp) and not isinstance(expression.op, ast.And):
        raise LookupError("it has an or")
    return expression


def _part(part: ast.expr, names: dict[str, Any]) -> str | None:
    said = ast.unparse(part)
    try:
        if _value(part, names):
            return None
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        return f"{said}: {type(error).__name__} {error}"
    if isinstance(part, ast.Compare) and len(part.ops) == 1:
        left, right = _value(part.left, names), _value(part.comparators[0], names)
        return f"{said}: {_shown(left)} {_OPERATORS[type(part.ops[0])]} {_shown(right)} is false"
    return f"{said} is false"


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    # It is the test's own code, which has run already, and is only run again in pieces.
    return eval(compile(ast.Expression(node), "<predicate>", "eval"), names)


def _names(where: Predicate) -> dict[str, Any]:
    found = inspect.getclosurevars(where)
    return {**found.builtins, **found.globals, **found.nonlocals}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
