"""What docs/client.md shows, run as it stands against a real server."""

from __future__ import annotations

import textwrap

from tests.docs.tour import ROOT, script_of, walk


def test_what_the_clients_document_shows_works() -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    out = walk(script_of("docs/client.md"), credentials)
    lines = out.splitlines()
    assert lines[0].startswith("published ")
    text = (ROOT / "docs" / "client.md").read_text()
    shown = textwrap.dedent(text[text.index("    PurchaseApproved breaks its contract") : text.index("`put` answers")])
    assert shown.strip() in out
    assert "2 published; 2 counted" in lines
    assert "relayed 1" in lines
    assert lines[-2:] == [
        "handled AB12 CDE from uk.co.cars.buying",
        "{'batchItemFailures': [{'itemIdentifier': '3'}]}",
    ]
