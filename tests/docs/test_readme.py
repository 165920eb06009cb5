"""The README's tour, run as it stands against a real server."""

from __future__ import annotations

from tests.docs.tour import script_of, walk


def test_the_tour_of_the_readme_works() -> None:
    script = script_of("README.md")
    assert script.count("put-targets") == 1
    out = walk(script)
    assert "XY34 ZAB" in out
    received = out[out.index('"Messages"') : out.index("detail.amount:")]
    assert "AB12 CDE" not in received
    assert "expected numeric > 20000, but the event has 9500" in out
    assert "failed: 0" in out
