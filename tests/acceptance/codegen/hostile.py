"""Schemas whose every name and text tries to break out of the code that is made of them.

As a program it makes many: ``python -m tests.acceptance.codegen.hostile --names 10000``."""

from __future__ import annotations

import argparse
import ast
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

from eventyard.codegen import STYLES, handler
from eventyard.codegen.bindings import binding
from eventyard.codegen.identifier import free, pascal
from eventyard.contract import Contract
from eventyard.errors import InvalidRequest

FRAGMENTS = (
    '"', "'", '"""', "'''", "\\", "\\\\", "\\n", "\n", "\r", "\t", "\0", "\x1b[2J", "*/", "/*", "//", "#", "`", "${",
    "${x}", "}", "{", "%s", "{0}", ";", ")", "]", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff", "\u200b", "\x85",
    "\x0c",
    "import os", "__import__('os').system('x')", "\nimport os\nos.system('x')\n", "*/ process.exit() /*", "eval(x)",
    "__class__", "__init__", "__proto__", "constructor", "class", "def", "from", "None", "True", "self", "model_config",
    "model_", "schema", "json", "copy", "dict", "list", "str", "int", "Any", "Field", "BaseModel", "Literal", "Struct",
    "field", "date", "datetime", "print", "type", "id", "a", "A", "_", "__", "a-b", "a_b", "a b", "1", "1a", "é", "ﬁ",
    "ſ",
    "日本", "𝐚", "😀", "$ref", "$id", "properties", "required", "title", "x-python-import", "customTypePath", "default",
    "enum",
)  # fmt: skip


def texts() -> st.SearchStrategy[str]:
    """Fragments one behind the other, and whatever else is a text of JSON."""
    pieces = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4).map("".join)
    return st.one_of(st.sampled_from(FRAGMENTS), pieces, st.text(st.characters(exclude_categories=["Cs"]), max_size=12))


def schema_of(names: list[str]) -> dict[str, Any]:
    """A schema in which each of ``names`` is a property, a title, a description, an enum's value and a definition."""
    properties: dict[str, Any] = {}
    for at, name in enumerate(names):
        inner = {"title": name, "description": name, "type": "object", "properties": {name: {"const": name}}}
        kinds: list[dict[str, Any]] = [
            {
                "title": name,
                "description": name,
                "type": "string",
                "pattern": name,
                "default": name,
                "examples": [name],
            },
            {"enum": [name, 1, None], "description": name, "x-python-import": {"module": name, "name": name}},
            {**inner, "customTypePath": name, "customBasePath": name, "$comment": name},
            {"$ref": f"#/$defs/d{at}", "description": name},
            {"type": "string", "format": name},
            {"type": "array", "items": {"const": name, "x-enum-varnames": [name]}},
        ]
        properties[name] = kinds[at % len(kinds)]
    shared = {f"d{at}": {"title": name, "type": "object", "properties": {name: {}}} for at, name in enumerate(names)}
    return {
        "title": names[0],
        "description": names[-1],
        "type": "object",
        "required": names[::2],
        "properties": properties,
        "$defs": shared | {name: {"type": "string"} for name in names if not name.startswith("d")},
    }


def contract_of(names: list[str]) -> Contract:
    return Contract(type=names[0], publisher=names[-1], source=names[-1], schema=schema_of(names))


_ALLOWED = [
    "Module", "ImportFrom", "alias", "ClassDef", "AnnAssign", "Assign", "Expr", "Constant", "Name", "Load", "Store",
    "Subscript", "Tuple", "Dict", "BinOp", "BitOr", "Call", "keyword", "Attribute", "Pass", "List",
]  # fmt: skip


_CALLED = {
    "pydantic.Field",
    "pydantic.ConfigDict",
    "msgspec.field",
    "msgspec.Meta",
    "typing.TypedDict",
    "dataclasses.field",
}
_IMPORTED = _CALLED | {
    "__future__.annotations", "typing.Annotated", "typing.Any", "typing.Literal", "typing.NotRequired",
    "pydantic.BaseModel", "msgspec.Struct", "msgspec.UNSET", "msgspec.UnsetType", "dataclasses.dataclass",
    "builtins.str", "builtins.int", "builtins.list", "builtins.dict", "builtins.type", "datetime.date",
}  # fmt: skip


def broken_out(source: str) -> set[str]:
    """The kinds of nodes in a file of models that have no place there; written without a look at the audit."""
    tree = ast.parse(source)
    found = {type(node).__name__ for node in ast.walk(tree)} - set(_ALLOWED)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    real = {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in imports for alias in node.names}
    found |= set(real.values()) - _IMPORTED
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            rebuilt = called.endswith(".model_rebuild") and not node.args
            if not rebuilt and real.get(called) not in _CALLED:
                found.add(called)
    return found


def names_in(source: str, style: str, root: str) -> set[str]:
    """The names of the event's fields in JSON, as the imported model knows them."""
    module = ModuleType("hostile_models")
    sys.modules["hostile_models"] = module
    exec(compile(source, "hostile_models.py", "exec"), module.__dict__)
    model = module.__dict__[free(root, ())]
    if style == "pydantic":
        return {field.alias or name for name, field in model.model_fields.items()}
    if style == "msgspec":
        return set(model.__struct_encode_fields__)
    return set(model.__annotations__)


def handler_is_one(source: str, kind: str) -> bool:
    """Whether a stub is two imports, and one function that says that it does nothing yet."""
    body = ast.parse(source).body
    shapes = [type(node).__name__ for node in body] == ["Expr", "ImportFrom", "ImportFrom", "AsyncFunctionDef"]
    function = body[-1]
    assert isinstance(function, ast.AsyncFunctionDef)
    decorator = function.decorator_list[0]
    assert isinstance(decorator, ast.Call)
    named = isinstance(decorator.args[0], ast.Constant) and decorator.args[0].value == kind
    return shapes and named and len(function.body) == 1 and isinstance(function.body[0], ast.Raise)


def attack(names: list[str]) -> list[str]:
    """What came through with these names, and what could not be made; nothing if all is well."""
    contract = contract_of(names)
    wrong = []
    for style in STYLES:
        try:
            files = handler(contract, {}, "python", style)
        except InvalidRequest as error:
            unsaid = "can't have fields named" in error.message and (style != "pydantic" or "" in names)
            if not unsaid:
                wrong.append(f"{style}: {error.message}")
            continue
        for name, source in files.items():
            if name.endswith("_handler.py"):
                wrong += [] if handler_is_one(source, contract.type) else [f"{style} handler"]
            else:
                wrong += [f"{style}: {each}" for each in broken_out(source)]
                lost = set(names) ^ names_in(source, style, pascal(contract.type, "Event"))
                wrong += [f"{style} lost {lost}"] if lost else []
    handler(contract, {}, "typescript")
    binding(contract.schema, "Python36", f"{names[0]}@{names[-1]}")  # type: ignore[arg-type]
    return wrong


#: What the TypeScript of models and stubs consists of.
_NODES = {
    "SourceFile", "InterfaceDeclaration", "PropertySignature", "IndexSignature", "TypeAliasDeclaration",
    "ExportKeyword", "Identifier", "StringLiteral", "NumericLiteral", "PrefixUnaryExpression", "StringKeyword",
    "NumberKeyword", "BooleanKeyword", "UnknownKeyword", "NullKeyword", "TrueKeyword", "FalseKeyword",
    "UndefinedKeyword", "LiteralType", "UnionType", "TypeReference", "TupleType", "OptionalType", "RestType",
    "ParenthesizedType", "QuestionToken", "FirstLiteralToken", "Parameter", "EndOfFileToken",
}  # fmt: skip
_STUB_NODES = _NODES | {
    "ImportDeclaration", "ImportClause", "NamedImports", "ImportSpecifier", "ArrayType", "FunctionDeclaration",
    "AsyncKeyword", "Block", "IfStatement", "BinaryExpression", "ElementAccessExpression", "PropertyAccessExpression",
    "ExclamationEqualsEqualsToken", "BarBarToken", "ThrowStatement", "NewExpression", "TemplateExpression",
    "TemplateHead", "TemplateSpan", "TemplateMiddle", "TemplateTail", "ExpressionStatement", "AwaitExpression",
    "CallExpression", "PlusToken", "VoidKeyword", "FirstAssignment", "LastTemplateToken", "TypeParameter",
}  # fmt: skip


def typescript_broken_out(checked: dict[str, dict[str, list[str]]]) -> list[str]:
    """What the compiler complains about, and the kinds of nodes that have no place in the files."""
    wrong = []
    for name, found in checked.items():
        kinds = set(found["kinds"]) - (_STUB_NODES if name.endswith("Handler.ts") else _NODES)
        wrong += [f"{name}: {each}" for each in [*found["errors"], *sorted(kinds)]]
    return wrong


def write_typescript(folder: Path, schemas: list[list[str]]) -> None:
    for at, names in enumerate(schemas):
        inner = folder / str(at)
        inner.mkdir()
        for name, text in handler(contract_of(names), {}, "typescript").items():
            (inner / name).write_text(text)


def schemas(count: int, seed: int) -> list[list[str]]:
    """Lists of eight names, ``count`` names in all."""
    rolls = random.Random(seed)
    return [list(dict.fromkeys(_name(rolls) for _ in range(8))) for _ in range(0, count, 8)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--names", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tried, failed = schemas(given.names, given.seed), 0
    for names in tried:
        try:
            wrong = attack(names)
        except Exception as error:  # noqa: BLE001  # every kind is a finding
            wrong = [f"{type(error).__name__}: {error}"]
        if wrong:
            failed += 1
            print(names, wrong[:3])
    with tempfile.TemporaryDirectory() as folder:
        write_typescript(Path(folder), tried)
        command = ["node", str(Path(__file__).parent / "typescript" / "check.js"), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    broken = typescript_broken_out(json.loads(done.stdout))
    print(*broken[:20], sep="\n")
    print(f"{given.names} names, {failed} schemas with a finding in Python, {len(broken)} findings in TypeScript")
    sys.exit(bool(failed or broken))


def _name(rolls: random.Random) -> str:
    pieces = [rolls.choice(FRAGMENTS) for _ in range(rolls.randint(1, 4))]
    if rolls.random() < 0.3:
        pieces.append(chr(rolls.choice([rolls.randint(1, 0xD7FF), rolls.randint(0xE000, 0x10FFFF)])))
    return "".join(pieces)


if __name__ == "__main__":
    main()
