"""``eventyard contracts push`` and ``pull`` with the Schemas API of a real server."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.contracts.command import contracts
from tests.acceptance.server import Server
from tests.unit.contracts.documents import document, sold, write
from tests.unit.contracts.test_catalogue import CARS

ACCOUNT = "123456789012"


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> str:
    return f"r-{request.node.name[-40:].strip('-_')}"


@pytest.fixture
def schemas(server: Server) -> Any:
    return server.client("schemas", ACCOUNT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "contracts", {"events/car-sold.md": document(sold())})


def texts(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("README.md", "contracts.yml")
    }


def test_the_example_company_comes_back_byte_for_byte(server: Server, tmp_path: Path, registry: str) -> None:
    status, told = contracts("push", str(CARS), "--registry", registry, endpoint=server.url)
    assert status == 0, told
    assert told.endswith(f"16 changes made in {registry}.\n")
    status, told = contracts("pull", str(tmp_path / "back"), "--registry", registry, endpoint=server.url)
    assert status == 0, told
    assert texts(tmp_path / "back") == texts(CARS)
    status, told = contracts("push", str(CARS), "--registry", registry, endpoint=server.url)
    assert (status, told.splitlines()[-1]) == (0, f"0 changes made in {registry}.")


def test_other_line_ends_and_atoms_in_other_styles_come_back_too(server: Server, folder: Path, registry: str) -> None:
    for path in folder.rglob("*.md"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (atom,) = folder.rglob("*.json")
    atom.write_bytes(b"\t" + atom.read_bytes().replace(b"  ", b"\t") + b"\n\n")
    assert contracts("push", "--registry", registry, folder=folder, endpoint=server.url)[0] == 0
    back = folder.parent / "back"
    assert contracts("pull", str(back), "--registry", registry, endpoint=server.url)[0] == 0
    assert texts(back) == texts(folder)


def test_the_plan_comes_first_and_a_dry_run_is_only_that(
    server: Server, folder: Path, registry: str, schemas: Any
) -> None:
    status, told = contracts("push", "--registry", registry, "--dry-run", folder=folder, endpoint=server.url)
    assert (status, told) == (
        0,
        f"new registry {registry}\nnew schema   uk.co.cars@CarSold version 1\n1 changes would be made in {registry}.\n",
    )
    with pytest.raises(schemas.exceptions.NotFoundException):
        schemas.describe_registry(RegistryName=registry)


def test_a_changed_contract_gets_a_new_version_and_others_none(
    server: Server, folder: Path, registry: str, schemas: Any
) -> None:
    write(folder, {"events/other.md": document(sold(), {"type": "CarBought"})})
    assert contracts("push", "--registry", registry, folder=folder, endpoint=server.url)[0] == 0
    write(folder, {"events/other.md": document(sold(note={}), {"type": "CarBought"})})
    _, told = contracts("push", "--registry", registry, folder=folder, endpoint=server.url)
    assert told.splitlines() == [
        "new version  uk.co.cars@CarBought version 1",
        "unchanged    uk.co.cars@CarSold version 1",
        f"1 changes made in {registry}.",
    ]
    found = schemas.list_schemas(RegistryName=registry)["Schemas"]
    assert {each["SchemaName"]: each["VersionCount"] for each in found} == {
        "uk.co.cars@CarBought": 2,
        "uk.co.cars@CarSold": 1,
    }


def test_pruning_deletes_contracts_and_no_other_schemas(
    server: Server, folder: Path, registry: str, schemas: Any
) -> None:
    assert contracts("push", "--registry", registry, folder=folder, endpoint=server.url)[0] == 0
    schemas.create_schema(
        RegistryName=registry, SchemaName="own", Type="JSONSchemaDraft4", Content='{"type": "object"}'
    )
    (folder / "events/car-sold.md").unlink()
    _, told = contracts("push", "--registry", registry, folder=folder, endpoint=server.url)
    assert "not in this folder; --prune deletes it uk.co.cars@CarSold" in told
    assert len(schemas.list_schemas(RegistryName=registry)["Schemas"]) == 2
    assert contracts("push", "--prune", "--registry", registry, folder=folder, endpoint=server.url)[0] == 0
    assert [each["SchemaName"] for each in schemas.list_schemas(RegistryName=registry)["Schemas"]] == ["own"]


def test_local_changes_are_not_overwritten_unless_forced(server: Server, folder: Path, registry: str) -> None:
    assert contracts("push", "--registry", registry, folder=folder, endpoint=server.url)[0] == 0
    before = texts(folder)
    path = folder / "events/car-sold.md"
    path.write_text(path.read_text() + "\nMine.\n")
    (folder / "atoms/vin.json").unlink()
    mine = texts(folder)
    pull = ("pull", "--registry", registry)
    status, told = contracts(*pull, folder=folder, endpoint=server.url)
    assert status == 1
    assert "differs      events/car-sold.md" in told
    assert texts(folder) == mine  # not even what is missing was written
    assert contracts(*pull, "--dry-run", folder=folder, endpoint=server.url)[0] == 0
    assert texts(folder) == mine
    assert contracts(*pull, "--force", folder=folder, endpoint=server.url)[0] == 0
    assert texts(folder) == before


def test_a_contract_that_was_moved_is_written_where_it_is(server: Server, folder: Path, registry: str) -> None:
    assert contracts("push", "--registry", registry, folder=folder, endpoint=server.url)[0] == 0
    shutil.move(folder / "events", folder / "moved")
    status, told = contracts("pull", "--registry", registry, folder=folder, endpoint=server.url)
    assert (status, told.splitlines()[-1]) == (0, "0 files written.")


def test_a_link_that_leads_out_of_the_folder_is_not_followed(server: Server, folder: Path, registry: str) -> None:
    assert contracts("push", "--registry", registry, folder=folder, endpoint=server.url)[0] == 0
    back, outside = folder.parent / "back", folder.parent / "outside"
    back.mkdir()
    outside.mkdir()
    (back / "events").symlink_to(outside)
    status, told = contracts("pull", str(back), "--registry", registry, endpoint=server.url)
    assert (status, list(outside.iterdir())) == (1, [])
    assert "leads out of" in told


def test_schemas_that_are_no_contracts_are_named_and_left(
    server: Server, folder: Path, registry: str, schemas: Any
) -> None:
    assert contracts("pull", "--registry", registry, folder=folder, endpoint=server.url) == (
        1,
        f"eventyard: There is no registry {registry}.\n",
    )
    schemas.create_registry(RegistryName=registry)
    schemas.create_schema(
        RegistryName=registry, SchemaName="own", Type="JSONSchemaDraft4", Content='{"type": "object"}'
    )
    status, told = contracts("pull", "--registry", registry, folder=folder, endpoint=server.url)
    assert (status, told) == (0, "no contract  own\n0 files written.\n")


def test_a_server_that_is_not_there_is_one_sentence(folder: Path) -> None:
    status, told = contracts("push", folder=folder, endpoint="http://127.0.0.1:9")
    assert status == 1
    assert told.startswith("eventyard: No server at http://127.0.0.1:9.")
