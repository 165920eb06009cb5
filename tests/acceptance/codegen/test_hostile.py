"""Names and texts of a schema can't break out of the code that is made of it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.codegen.bindings import binding
from tests.acceptance.codegen.bindings import unpacked
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


def test_the_check_itself_notices_an_escape() -> None:
    assert broken_out("import os\nos.system('x')\n")
    assert broken_out("from os import system\n")
    assert broken_out("from typing import Any\nx: Any = print()\n")
    assert typescript_broken_out({"a.ts": {"kinds": ["CallExpression"], "errors": []}})
