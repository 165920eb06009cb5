"""What needs an extra that is not installed is refused with a sentence that says what to install."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from eventyard.errors import Unsupported
from eventyard.firehose import Conversion, Partitioning
from tests.unit.firehose.conftest import Yard


@pytest.mark.parametrize(
    ("missing", "changes", "install"),
    [
        ("pyarrow", {"conversion": Conversion({})}, "install eventyard[parquet]"),
        (
            "jq",
            {
                "partitioning": Partitioning("{a: .a}"),
                "prefix": "!{partitionKeyFromQuery:a}/",
                "error_prefix": "!{firehose:error-output-type}/",
            },
            "install eventyard[jq]",
        ),
    ],
)
async def test_stream_that_needs_a_missing_extra_is_refused(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, missing: str, changes: dict[str, Any], install: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(Unsupported) as caught:
        await yard.make(size=64, **changes)
    assert install in caught.value.message
    assert yard.hoses.find("123456789012", "eu-west-1") == []
    await yard.make()


def test_neither_is_loaded_until_it_is_needed() -> None:
    code = "import sys, eventyard.cli.app, eventyard.server.house; print('pyarrow' in sys.modules, 'jq' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
