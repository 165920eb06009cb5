"""The page on ``eventyard apply``: its reference is current, and what it shows works."""

from __future__ import annotations

import re
import runpy

from eventyard.cli.stacks.apply import schema_text
from eventyard.stacks import KINDS
from eventyard.templates.own import SECTIONS, read_own
from tests.docs.tour import ROOT, script_of, walk

PAGE = (ROOT / "docs/apply.md").read_text()


def test_the_reference_is_current() -> None:
    page = runpy.run_path(str(ROOT / "docs/apply.py"))["page"]
    assert page(PAGE) == PAGE, "run `make docs`"
    for name in (*SECTIONS, *KINDS):
        assert re.search(rf"^(### {name}$|\| `{name}` )", PAGE, re.MULTILINE), name


def test_the_schema_is_current() -> None:
    assert (ROOT / "docs/eventyard.schema.json").read_text() == schema_text(), "run `make docs`"


def test_the_file_that_it_shows_is_one() -> None:
    (text,) = re.findall(r"```yaml\n(# eventyard.yml.*?)```", PAGE, re.DOTALL)
    stack, found = read_own([("eventyard.yml", text)])
    assert stack is not None, found
    assert [each.id for each in stack.resources] == [
        "buses.shop", "queues.finance", "queues.finance-dead", "rules.expensive",
    ]  # fmt: skip


def test_the_tour_is_walked_as_it_stands() -> None:
    told = walk(script_of("docs/apply.md"), {"AWS_DEFAULT_REGION": "us-east-1"})
    assert "Nothing to do: 30 resources as wanted." in told
    assert "30 deleted" in told
