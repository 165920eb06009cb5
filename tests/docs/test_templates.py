"""What docs/templates.md says is what the readers read."""

from __future__ import annotations

import runpy
from pathlib import Path

from eventyard.templates import Given, read_serverless

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "templates.md").read_text()


def test_the_tables_are_those_of_the_readers() -> None:
    page = runpy.run_path(str(ROOT / "docs" / "template_tables.py"))["page"]
    assert page(PAGE) == PAGE, "run: make docs"


def test_the_mistake_that_is_shown_is_found() -> None:
    shown = PAGE.split("```yaml\n")[1].split("```")[0]
    function = "service: s\nprovider: {name: aws, runtime: python3.11}\nfunctions:\n  f:\n    handler: h.f\n"
    _, findings = read_serverless(
        "serverless.yml", function + "".join(f"    {line}\n" for line in shown.splitlines()), Given()
    )
    assert [one.rule for one in findings] == ["wrong-depth"]
    assert findings[0].fix[:2] == ("- eventBridge:", "    eventBus: orders")
