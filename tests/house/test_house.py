"""The house's own rules: what a newcomer may rely on in every file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "src" / "eventyard").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for_and_stays_small(module: Path) -> None:
    text = module.read_text()
    assert ast.get_docstring(ast.parse(text)), "a module opens with a sentence saying what it is for"
    assert text.count("\n") <= 450


def test_continuous_integration_runs_the_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()
    assert "make demo" in (ROOT / "README.md").read_text()
