"""Code bindings as whoever downloads them uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventyard.codegen import binding
from eventyard.errors import InvalidRequest, Unsupported
from tests.acceptance.codegen.bindings import unpacked
from tests.acceptance.codegen.conftest import Checked
from tests.acceptance.codegen.contracts import ATOMS, PAYMENT, PURCHASE, PURCHASE_DETAIL

#: A contract as the registry keeps it: its atoms are in it.
BUNDLED = json.loads(json.dumps({**PURCHASE, "definitions": ATOMS}))
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "1",
    "detail-type": "PurchaseApproved",
    "source": "uk.co.cars.sales",
    "account": "123456789012",
    "time": "2026-11-25T21:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": PURCHASE_DETAIL,
}
WHOLE = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["detail-type", "detail"],
    "properties": {"detail-type": {"type": "string"}, "detail": {"$ref": "#/definitions/Started"}},
    "definitions": {
        "Started": {
            "type": "object",
            "required": ["car"],
            "properties": {"car": {"type": "string"}, "in": {"type": "integer"}},
        }
    },
}


def _write(packed: bytes, folder: Path) -> None:
    for name, text in unpacked(packed).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_python_reads_an_event_and_writes_it_again(tmp_path: Path) -> None:
    _write(binding(BUNDLED, "Python36", "uk.co.cars.sales@PurchaseApproved"), tmp_path)
    script = (
        "import json, sys\n"
        "from schema.uk.co.cars.sales.purchaseapproved import AWSEvent, Marshaller, PurchaseApproved\n"
        "event = Marshaller.unmarshall(json.load(sys.stdin), AWSEvent)\n"
        "assert type(event.detail) is PurchaseApproved and event.detail_type == 'PurchaseApproved'\n"
        "assert event.detail.tree.parts[0].parts[0].name == 'valve'\n"
        "print(json.dumps(Marshaller.marshall(event)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        input=json.dumps(EVENT),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    wanted = json.loads(json.dumps(EVENT))
    del wanted["detail"]["note"], wanted["detail"]["level"]  # null is left out
    assert json.loads(done.stdout) == wanted


def test_typescript_compiles(check_typescript: Callable[[Path], Checked], tmp_path: Path) -> None:
    _write(binding(BUNDLED, "TypeScript3", "uk.co.cars.sales@PurchaseApproved"), tmp_path)
    (tmp_path / "use.ts").write_text(
        'import { AWSEvent, Marshaller, PurchaseApproved } from "./schema/uk/co/cars/sales/purchaseapproved";\n'
        f"const detail: PurchaseApproved = {json.dumps(PURCHASE_DETAIL)};\n"
        "const event: AWSEvent = Marshaller.unmarshall({ detail });\n"
        "export const vin: string = event.detail.vin;\n"
    )
    assert {name: found["errors"] for name, found in check_typescript(tmp_path).items() if found["errors"]} == {}


def test_the_schema_of_a_whole_event_gives_the_class_of_its_detail(tmp_path: Path) -> None:
    _write(binding(WHOLE, "Python36", "aws.cars@Started"), tmp_path)
    script = (
        "from schema.aws.cars.started import AWSEvent, Marshaller, Started\n"
        "event = Marshaller.unmarshall({'detail': {'car': 'a', 'in': 2}}, AWSEvent)\n"
        "assert type(event.detail) is Started and event.detail.in_ == 2\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_words_of_python_can_be_parts_of_a_name(tmp_path: Path) -> None:
    _write(binding(PAYMENT, "Python36", "uk.class.1st@import"), tmp_path)
    script = "from schema.uk.class_.n1st.import_ import AWSEvent, Import"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_same_schema_gives_the_same_bytes() -> None:
    made = {binding(PAYMENT, language, "a@B") for language in ("Python36", "TypeScript3") for _ in range(2)}
    assert len(made) == 2


def test_languages_that_are_not_there_are_refused_by_name() -> None:
    for language in ("Java8", "Go1"):
        with pytest.raises(Unsupported, match=language):
            binding(PAYMENT, language, "a@B")
    with pytest.raises(InvalidRequest, match="Cobol60"):
        binding(PAYMENT, "Cobol60", "a@B")


def test_a_schema_without_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"properties": {"a": deep}}
    with pytest.raises(InvalidRequest, match="too deep"):
        binding(deep, "Python36", "a@B")
    with pytest.raises(InvalidRequest, match="leads out"):
        binding({"properties": {"a": {"$ref": "https://example.com/a"}}}, "Python36", "a@B")
