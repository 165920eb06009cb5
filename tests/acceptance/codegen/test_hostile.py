"""Names and texts of a schema can't break out of the code that is made of it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.codegen.bindings import binding
from tests.acceptance.codegen.bindings import unpacked
from tests.acceptance.codegen.compilers import go, java
from tests.acceptance.codegen.conftest import Checked
from tests.acceptance.codegen.hostile import (
    attack,
    broken_out,
    contract_of,
    schemas,
    texts,
    typescript_broken_out,
    write_typescript,
)
from tests.acceptance.codegen.lines import go_broken_out, java_broken_out


@settings(max_examples=25, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=8, unique=True))
def test_python_stays_types_and_keeps_the_names(names: list[str]) -> None:
    assert attack(names) == []


def test_typescript_stays_types(check_typescript: Callable[[Path], Checked], tmp_path: Path) -> None:
    write_typescript(tmp_path, schemas(400, seed=2))
    checked = check_typescript(tmp_path)
    assert len(checked) == 100
    assert typescript_broken_out(checked) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=8, unique=True))
def test_bindings_stay_classes(names: list[str]) -> None:
    schema = contract_of(names).schema
    assert isinstance(schema, dict)
    files = unpacked(binding(schema, "Python36", f"{names[0]}@{names[-1]}"))
    allowed = {
        "Module",
        "Expr",
        "Assign",
        "ClassDef",
        "FunctionDef",
        "arguments",
        "arg",
        "Pass",
        "Attribute",
        "Constant",
    }
    allowed |= {"Name", "Load", "Store", "Tuple", "List"}
    (source,) = (text for name, text in files.items() if name.endswith("/models.py"))
    assert {type(node).__name__ for node in ast.walk(ast.parse(source))} <= allowed
    assert all(path.isascii() and ".." not in path and not path.startswith("/") for path in files)


@settings(max_examples=100, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=8, unique=True))
def test_bindings_of_go_and_java_stay_types(names: list[str]) -> None:
    schema = contract_of(names).schema
    assert isinstance(schema, dict)
    files = unpacked(binding(schema, "Go1", f"{names[0]}@{names[-1]}"))
    assert [wrong for name, text in files.items() if name.endswith("models.go") for wrong in go_broken_out(text)] == []
    files |= unpacked(binding(schema, "Java8", f"{names[0]}@{names[-1]}"))
    own = {name: text for name, text in files.items() if name.endswith(".java") and "AWSEvent<T>" not in text}
    assert [wrong for text in own.values() for wrong in java_broken_out(text)] == []
    assert all(path.isascii() and ".." not in path and not path.startswith("/") for path in files)


def _written(folder: Path, language: str) -> None:
    for at, names in enumerate(schemas(160, seed=3)):
        schema = contract_of(names).schema
        assert isinstance(schema, dict)
        for name, text in unpacked(binding(schema, language, f"hostile{at}.{names[0]}@{names[-1]}")).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)


def test_hostile_go_compiles(tmp_path: Path) -> None:
    _written(tmp_path, "Go1")
    go(tmp_path, "vet", "./...")


def test_hostile_java_compiles(tmp_path: Path) -> None:
    _written(tmp_path, "Java8")
    java(tmp_path)


def test_the_check_itself_notices_an_escape() -> None:
    assert broken_out("import os\nos.system('x')\n")
    assert broken_out("from os import system\n")
    assert broken_out("from typing import Any\nx: Any = print()\n")
    assert typescript_broken_out({"a.ts": {"kinds": ["CallExpression"], "errors": []}})
    assert go_broken_out("package a\n\nfunc init() {\n}\n") == ["func init() {"]
    assert go_broken_out('type A struct {\n\tB string `json:"b"`; C int\n}\n')
    assert java_broken_out('    @JsonProperty("a") static int b = 1;\n')
    assert java_broken_out('    @JsonProperty("\\\\\\u0022")\n') == ["\\u0022"]
    assert java_broken_out("/**\n * a */ class B {}\n */\n")
