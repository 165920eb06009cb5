"""The tour of the page on webhooks, run as it stands against a real server."""

from __future__ import annotations

import re

from tests.docs.tour import ROOT, script_of, walk

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def test_the_tour_of_the_page_on_webhooks_works() -> None:
    out = walk(script_of("docs/webhooks.md"), ENVIRONMENT)
    assert '200 {"accepted":1,"duplicates":0,' in out
    assert "Since the server started: accepted 1; 1 events." in out


def test_the_page_lists_every_provider() -> None:
    from eventyard.providers import BUILT_IN

    text = (ROOT / "docs" / "webhooks.md").read_text()
    assert [name for name in BUILT_IN if f"| `{name}` |" not in text] == []


def test_the_provider_that_the_page_shows_passes_its_exam() -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    blocks = re.findall(r"<!-- provider -->\n```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    exec(compile("\n".join(blocks), "docs/webhooks.md", "exec"), {})
