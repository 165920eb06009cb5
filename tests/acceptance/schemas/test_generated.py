"""Code bindings of the server as it is, through a real boto3: what is downloaded reads events."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CONTENT = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["vin"],
    "properties": {"vin": {"type": "string"}, "price": {"$ref": "#/definitions/money"}},
    "definitions": {"money": {"type": "object", "properties": {"amount": {"type": "number"}}}},
}
SCHEMA = {"RegistryName": "cars", "SchemaName": "uk.co.cars.sales@CarSold"}


@pytest.fixture
def schemas(connect: Callable[[str], Any]) -> Any:
    client = connect("schemas")
    client.create_registry(RegistryName="cars")
    client.create_schema(**SCHEMA, Type="JSONSchemaDraft4", Content=json.dumps(CONTENT))
    return client


@pytest.mark.parametrize("language", ["Python36", "TypeScript3", "Java8", "Go1"])
def test_a_binding_is_made_and_downloaded(schemas: Any, language: str, tmp_path: Path) -> None:
    schemas.put_code_binding(**SCHEMA, Language=language)
    waiter = schemas.get_waiter("code_binding_exists")
    waiter.wait(**SCHEMA, Language=language, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    body = schemas.get_code_binding_source(**SCHEMA, Language=language)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "schema" / "uk" / "co" / "cars" / "sales" / "carsold"
    of_types = {
        "TypeScript3": ("CarSold.ts", "export interface CarSold {"),
        "Java8": ("CarSold.java", "public class CarSold {"),
        "Go1": ("models.go", "type CarSold struct {"),
    }
    if language in of_types:
        name, line = of_types[language]
        assert line in (folder / name).read_text()
        return
    script = (
        "from schema.uk.co.cars.sales.carsold import AWSEvent, CarSold, Marshaller\n"
        "event = Marshaller.unmarshall({'detail': {'vin': 'x', 'price': {'amount': 2.5}}}, AWSEvent)\n"
        "assert type(event.detail) is CarSold and event.detail.price.amount == 2.5\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
