"""The tour of the page on schemas, run as it stands against a real server."""

from __future__ import annotations

from tests.docs.tour import ROOT, script_of, walk

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def test_the_tour_of_the_page_on_schemas_works() -> None:
    out = walk(script_of("docs/schemas.md"), ENVIRONMENT)
    found = "uk.co.cazoo@DeliveryCancelled  Found in 2 versions\n"
    assert found in out
    assert f"    {found}" in (ROOT / "docs" / "schemas.md").read_text()
    assert '"SchemaName": "uk.co.cazoo@OrderPlaced"' in out
