"""Code bindings as whoever downloads them uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventyard.codegen import BINDINGS, binding
from eventyard.errors import InvalidRequest
from tests.acceptance.codegen.bindings import unpacked
from tests.acceptance.codegen.compilers import go, java
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
    made = {binding(PAYMENT, language, "a@B") for language in BINDINGS for _ in range(2)}
    assert len(made) == 4


def test_a_language_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match="Cobol60"):
        binding(PAYMENT, "Cobol60", "a@B")


NAME = "uk.co.cars.sales@PurchaseApproved"
GO_MAIN = """package main

import (
	"fmt"
	"io"
	"os"

	"example.com/bindings/schema/uk/co/cars/sales/purchaseapproved"
)

func main() {
	data, _ := io.ReadAll(os.Stdin)
	event, err := purchaseapproved.UnmarshalEvent(data)
	if err != nil {
		panic(err)
	}
	var detail purchaseapproved.PurchaseApproved = event.Detail
	if event.DetailType != "PurchaseApproved" || detail.Tree.Parts[0].Parts[0].Name != "valve" {
		panic(detail)
	}
	made, err := purchaseapproved.MarshalEvent(event)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(made))
}
"""
JAVA_MAIN = """import schema.uk.co.cars.sales.purchaseapproved.AWSEvent;
import schema.uk.co.cars.sales.purchaseapproved.PurchaseApproved;
import schema.uk.co.cars.sales.purchaseapproved.marshaller.Marshaller;

public class Main {
    public static void main(String[] arguments) throws Exception {
        AWSEvent<PurchaseApproved> event = Marshaller.unmarshalEvent(System.in, PurchaseApproved.class);
        String name = event.getDetail().getTree().getParts().get(0).getParts().get(0).getName();
        if (!event.getDetailType().equals("PurchaseApproved") || !name.equals("valve")) {
            throw new IllegalStateException(name);
        }
        Marshaller.marshal(System.out, event);
    }
}
"""


def test_go_reads_an_event_and_writes_it_again(tmp_path: Path) -> None:
    _write(binding(BUNDLED, "Go1", NAME), tmp_path)
    (tmp_path / "main.go").write_text(GO_MAIN)
    go(tmp_path, "vet", "./...")
    wanted = json.loads(json.dumps(EVENT))
    del wanted["detail"]["note"], wanted["detail"]["level"]  # null is left out
    assert json.loads(go(tmp_path, "run", ".", given=json.dumps(EVENT))) == wanted


def test_java_reads_an_event_and_writes_it_again(tmp_path: Path) -> None:
    _write(binding(BUNDLED, "Java8", NAME), tmp_path)
    (tmp_path / "Main.java").write_text(JAVA_MAIN)
    wanted = json.loads(json.dumps(EVENT))
    del wanted["detail"]["note"], wanted["detail"]["level"]  # null is left out
    assert json.loads(java(tmp_path, "Main", json.dumps(EVENT))) == wanted


@pytest.mark.parametrize("language", ["Go1", "Java8"])
def test_what_is_written_is_what_was_looked_at(language: str) -> None:
    """Compilers are not everywhere; what they have been shown is."""
    made = unpacked(binding(BUNDLED, language, NAME))
    text = "".join(f"===== {name}\n{text}" for name, text in sorted(made.items()))
    golden = Path(__file__).parent / "golden" / f"{language}.txt"
    assert text == golden.read_text(), f"compile it (tests above), and if it is better now, write it to {golden}"


def test_words_of_go_and_java_can_be_parts_of_a_name(tmp_path: Path) -> None:
    schema = {"type": "object", "required": ["class", "new"], "properties": {"class": {}, "new": {"type": "string"}}}
    found = unpacked(binding(schema, "Java8", "uk.new.1st@import"))
    assert "schema/uk/new_/n1st/import_/Import.java" in found
    assert "public Object getClass_() {" in found["schema/uk/new_/n1st/import_/Import.java"]
    assert "private String new_;" in found["schema/uk/new_/n1st/import_/Import.java"]
    found = unpacked(binding(schema, "Go1", "uk.func@type"))
    assert found["schema/uk/func_/type_/event.go"].startswith("package type_\n")


def test_a_struct_of_go_that_would_hold_itself_holds_a_pointer() -> None:
    schema = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": {"$ref": "#/definitions/One"}, "b": {"$ref": "#/definitions/Leaf"}},
        "definitions": {
            "One": {"type": "object", "required": ["other"], "properties": {"other": {"$ref": "#/definitions/Two"}}},
            "Two": {"type": "object", "required": ["one"], "properties": {"one": {"$ref": "#/definitions/One"}}},
            "Leaf": {"type": "object", "required": ["x"], "properties": {"x": {"type": "boolean"}}},
        },
    }
    models = unpacked(binding(schema, "Go1", "a@B"))["schema/a/b/models.go"]
    assert 'Other *Two `json:"other"`' in models
    assert 'B Leaf `json:"b"`' in models


def test_an_object_of_go_whose_names_no_tag_can_hold_stays_a_map() -> None:
    schema = {"type": "object", "properties": {"in": {"type": "object", "properties": {'a"b': {}, "c": {}}}, "-": {}}}
    models = unpacked(binding(schema, "Go1", "a@B"))["schema/a/b/models.go"]
    assert 'In map[string]interface{} `json:"in,omitempty"`' in models
    assert 'Field interface{} `json:"-,omitempty"`' in models


def test_a_schema_without_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"properties": {"a": deep}}
    with pytest.raises(InvalidRequest, match="too deep"):
        binding(deep, "Python36", "a@B")
    with pytest.raises(InvalidRequest, match="leads out"):
        binding({"properties": {"a": {"$ref": "https://example.com/a"}}}, "Python36", "a@B")
