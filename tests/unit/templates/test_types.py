"""The table of types is what AWS's schemas say, and what SAM's own says of a function is all known by a name."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import cfnlint

from eventyard.templates.sam.shapes import EVENTS, REFUSED_EVENTS, function
from eventyard.templates.types import types

ROOT = Path(__file__).parents[3]


def test_table_is_current() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "resource_types.py"))["table"]()
    kept = json.loads((ROOT / "src" / "eventyard" / "templates" / "types.json").read_text())
    assert kept == json.loads(json.dumps(made)), (
        "run: python docs/resource_types.py > src/eventyard/templates/types.json"
    )
    assert types().keys() == kept.keys()


def _schema() -> dict[str, Any]:
    schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
    index = json.loads((schemas / "providers" / "sam.json").read_text())
    found: dict[str, Any] = json.loads(
        (schemas / "resources" / f"{index['AWS::Serverless::Function']}.json").read_text()
    )
    return found


def test_every_property_of_a_serverless_function_is_read_or_refused_by_name() -> None:
    known = function()["fields"].keys() | {"Events"}
    only_read = {"Arn", "SnapStartResponse"}
    assert _schema()["properties"].keys() - known == only_read


def test_every_kind_of_event_is_read_or_refused_by_name() -> None:
    text = json.dumps(_schema())
    named = {name for name in (*EVENTS, *REFUSED_EVENTS) if f'"{name}"' in text}
    assert named, "the schema names the kinds"
