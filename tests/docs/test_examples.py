"""The READMEs of the examples, run as they stand in their folders against a real server."""

from __future__ import annotations

import pytest

from tests.docs.tour import script_of, walk


@pytest.mark.parametrize(("folder", "receipt"), [("sam", "R-abc-123"), ("serverless", "R-ch_1")])
def test_the_readme_of_an_example_leads_to_its_receipt(folder: str, receipt: str) -> None:
    script = script_of(f"examples/{folder}/README.md")
    assert script.count("receive-message") == 1
    out = walk(f"cd examples/{folder}\n{script}")
    assert receipt in out[out.index('"Messages"') :]
