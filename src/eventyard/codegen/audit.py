"""The proof that a generated Python file declares types and does nothing else, whatever its schema was like."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator

from eventyard.errors import InvalidRequest

_MODULES = frozenset(
    {"__future__", "collections.abc", "dataclasses", "datetime", "msgspec", "pydantic", "typing", "typing_extensions"}
    | {"uuid"}
)
#: What may be imported and called, and no method but ``Model.model_rebuild()``.
_CALLED = frozenset({"ConfigDict", "Field", "Meta", "TypeAliasType", "TypedDict", "dataclass", "field"})
_BUILT_IN = frozenset({"bool", "dict", "float", "int", "list", "object", "str", "tuple", "type"})
#: Categories of characters that end lines, or that nobody sees.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NODES = (
    ast.Module,
    ast.ImportFrom,
    ast.alias,
    ast.ClassDef,
    ast.AnnAssign,
    ast.Assign,
    ast.Expr,
    ast.Pass,
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.Store,
    ast.Subscript,
    ast.Tuple,
    ast.List,
    ast.Dict,
    ast.BinOp,
    ast.BitOr,
    ast.UnaryOp,
    ast.USub,
    ast.Call,
    ast.keyword,
    ast.Attribute,
)


def audit(source: str) -> dict[str, list[str]]:
    """The fields of each class of a generated file. Raises InvalidRequest if the file holds more than types."""
    for char in source:
        if char != "\n" and unicodedata.category(char) in HIDDEN:
            raise _refused(f"the character U+{ord(char):04X}")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(f"what is no Python ({error})") from error
    known, callable_ = set(_BUILT_IN), set[str]()
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise _refused(type(node).__name__)
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            # Where a field is named like a type, the type comes by another name: from builtins import str as str_1.
            types = node.module in _MODULES or (node.module == "builtins" and names <= _BUILT_IN)
            if not types or node.level or "*" in names:
                raise _refused(f"an import from {node.module}")
            known.update(alias.asname or alias.name for alias in node.names)
            callable_.update(alias.asname or alias.name for alias in node.names if alias.name in _CALLED)
        elif isinstance(node, ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            known.add(node.id)
    for statement in tree.body:
        _statement(statement)
    for node in ast.walk(tree):
        _use(node, known, callable_)
    return dict(_fields(tree))


def _fields(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """The names of fields in each class, and in each ``TypedDict`` that is called for names that are no identifiers."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, [each.target.id for each in node.body if _is_field(each)]  # type: ignore[attr-defined]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.value.args) == 2:
            keys = node.value.args[1].keys if isinstance(node.value.args[1], ast.Dict) else []
            yield ast.unparse(node.targets[0]), [str(key.value) for key in keys if isinstance(key, ast.Constant)]


def _is_field(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)


def _statement(node: ast.stmt) -> None:
    """Raises InvalidRequest for an expression that is neither a docstring nor ``Model.model_rebuild()``."""
    if isinstance(node, ast.ClassDef):
        for each in node.body:
            if isinstance(each, ast.Expr) and not isinstance(each.value, ast.Constant):
                raise _refused("an expression in a class")
        return
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
        call = node.value
        if not (
            isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and not (call.args or call.keywords)
        ):
            raise _refused("an expression")


def _use(node: ast.AST, known: set[str], callable_: set[str]) -> None:
    if isinstance(node, ast.Name) and node.id not in known:
        raise _refused(f"the name {node.id}")
    if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.attr == "model_rebuild"):
        raise _refused(f"the attribute {node.attr}")
    if isinstance(node, ast.Call):
        named = isinstance(node.func, ast.Name) and node.func.id in callable_
        if not named and not isinstance(node.func, ast.Attribute):
            raise _refused("a call")


def _refused(what: str) -> InvalidRequest:
    return InvalidRequest(f"The schema's names make code that isn't only types: {what}. It was not written.")
