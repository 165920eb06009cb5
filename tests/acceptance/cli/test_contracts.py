"""The commands on contracts, as a person uses them and as continuous integration does."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

from eventyard.contract import read_repository
from tests.unit.contracts.broken_branch import CARS, check_out

from .test_cli import ENVIRONMENT, EVENTYARD, one_sentence, run


@pytest.fixture
def cars(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CARS, tmp_path / "cars"))


def test_a_clean_repository_ends_with_status_0(cars: Path) -> None:
    done = run("contracts", "lint", str(cars))
    assert (done.returncode, done.stdout) == (0, "All is well with 16 documents and 13 atoms.\n")


def test_a_finding_shows_its_line_with_a_mark_below(tmp_path: Path) -> None:
    folder = check_out(tmp_path / "contracts")
    done = subprocess.run(
        [*EVENTYARD, "contracts", "lint", "contracts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT,
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = lines.index(
        "contracts/events/send-invoice.md:4:7: error: SendInvoice is not in the past tense. "
        "Did you mean InvoiceSent? [not-past-tense]"
    )
    assert lines[at + 1 : at + 3] == ["    4 │ type: SendInvoice", "      │       ^^^^^^^^^^^"]
    assert lines[-1].endswith(f"in {len(read_repository(folder).documents)} documents and 14 atoms.")
    assert max(map(len, lines)) < 400, "a line of a million characters is cut"


def test_nothing_to_read_ends_with_status_2(tmp_path: Path) -> None:
    assert run("contracts", "lint", str(tmp_path / "nowhere")).returncode == 2
    done = run("contracts", "lint", str(tmp_path))
    assert done.returncode == 2
    assert "There are no contracts" in done.stderr


def test_findings_are_for_programs_too(cars: Path) -> None:
    path = cars / "events/lot-selected.md"
    path.write_text(path.read_text().replace("  - valuation", "  - valuations"))
    done = run("contracts", "lint", str(cars), "--format", "json")
    (found,) = json.loads(done.stdout)
    assert (done.returncode, found["rule"], found["line"]) == (1, "unknown-subscriber", 10)
    assert found["path"] == path.as_posix()
    log = json.loads(run("contracts", "lint", str(cars), "--format", "sarif").stdout)
    assert [each["ruleId"] for each in log["runs"][0]["results"]] == ["unknown-subscriber"]
    done = run("contracts", "lint", str(cars), "--format", "github")
    assert done.stdout.startswith(f"::error file={path.as_posix()},line=10,col=5,title=unknown-subscriber::")


def test_warnings_can_be_left_out(cars: Path) -> None:
    (cars / "atoms/unused.json").write_text('{"$id": "https://schema.example.com/atoms/unused", "description": "d"}')
    assert run("contracts", "lint", str(cars)).returncode == 1
    assert run("contracts", "lint", str(cars), "--no-warnings").returncode == 0


def test_a_rule_explains_itself() -> None:
    done = run("contracts", "lint", "--explain", "record-style")
    assert "PriceReduced says what happened in the business" in done.stdout
    assert "Did you mean record-style?" in one_sentence(run("contracts", "lint", "--explain", "record-stile"))


def test_a_new_contract_lacks_only_words(cars: Path) -> None:
    fields = ("--field", "vin=vin", "--field", "price=money", "--field", "note?=string", "--field", "day=date")
    done = run(
        "contracts",
        "new",
        "CarSold",
        "--contracts",
        str(cars),
        "--publisher",
        "sales",
        "--subscriber",
        "finance",
        *fields,
    )
    assert done.returncode == 0, done.stderr
    path = cars / "events/car-sold.md"
    assert done.stdout.startswith(f"{path} is written.\n")
    assert done.stdout.count("[unfinished]") == 3
    assert "error" not in done.stdout
    repository = read_repository(cars)
    contract = repository.find("CarSold")
    assert contract.subscribers == ("finance",)
    assert isinstance(contract.schema, dict)
    assert contract.schema["required"] == ["vin", "price", "day"]
    assert repository.validator(contract).is_valid(contract.examples[0].detail)


def test_a_file_that_is_there_is_never_overwritten(cars: Path) -> None:
    path = cars / "events/car-sold.md"
    path.write_text("mine")
    done = run("contracts", "new", "CarSold", "--contracts", str(cars), "--publisher", "sales")
    assert "is left as it is" in one_sentence(done)
    assert path.read_text() == "mine"
    done = run(
        "contracts",
        "new",
        "LotSelected",
        "--contracts",
        str(cars),
        "--publisher",
        "buying",
        "--source",
        "uk.co.cars.buying",
    )
    assert "There is a contract for LotSelected already" in one_sentence(done)


def test_a_new_version_begins_as_a_copy_of_the_newest(cars: Path) -> None:
    done = run("contracts", "new", "OrderPlaced", "--contracts", str(cars), "--version", "3")
    assert done.returncode == 0, done.stderr
    assert "order-placed.md:9:10: warning: There is a version 3; say since when this one is deprecated." in done.stdout
    text = (cars / "events/order-placed.v3.md").read_text()
    assert text == (cars / "events/order-placed.md").read_text().replace("version: 2", "version: 3")
    assert "has a version 3" in one_sentence(
        run("contracts", "new", "OrderPlaced", "--contracts", str(cars), "--version", "2")
    )


def test_the_first_contract_makes_its_folder(tmp_path: Path) -> None:
    done = run("contracts", "new", "CarSold", "--contracts", str(tmp_path), "--publisher", "sales", stdin="")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "events/car-sold.md").is_file()


def test_who_is_not_there_is_not_asked(tmp_path: Path) -> None:
    assert "Say --publisher" in one_sentence(run("contracts", "new", "CarSold", "--contracts", str(tmp_path), stdin=""))


def test_what_is_not_given_is_asked_for(tmp_path: Path) -> None:
    here, there = pty.openpty()
    command = [*EVENTYARD, "contracts", "new", "CarSold", "--contracts", str(tmp_path)]
    with subprocess.Popen(command, stdin=there, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        os.write(here, b"sales\nfinance, audit\n")
        told, _ = process.communicate(timeout=60)
    os.close(here)
    os.close(there)
    assert "Which service publishes it" in told
    contract = read_repository(tmp_path).find("CarSold")
    assert (contract.publisher, contract.subscribers) == ("sales", ("finance", "audit"))


def test_samples_are_valid_and_ready_to_be_published() -> None:
    done = run("contracts", "samples", "PriceReduced", "--contracts", str(CARS), "--count", "20", "--format", "entries")
    entries = json.loads(done.stdout)
    cars = read_repository(CARS)
    check = cars.validator(cars.find("PriceReduced"))
    assert len(entries) == 20
    for entry in entries:
        assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == (
            "uk.co.cars.valuation",
            "PriceReduced",
            "cars",
        )
        assert check.is_valid(json.loads(entry["Detail"]))


def test_defects_are_named() -> None:
    done = run(
        "contracts",
        "samples",
        "PriceReduced",
        "--contracts",
        str(CARS),
        "--defects",
        "--count",
        "99",
        "--format",
        "lines",
    )
    assert {"detail: without vrm", "/price: too large"} <= {
        json.loads(line)["defect"] for line in done.stdout.split("\n")[:-1]
    }


def test_a_contract_that_is_not_there_is_named() -> None:
    assert "There is no contract for CarLost" in one_sentence(
        run("contracts", "samples", "CarLost", "--contracts", str(CARS))
    )


def test_a_service_that_is_nobodys_name_is_refused(cars: Path) -> None:
    done = run("contracts", "docs", str(cars), "--asyncapi", "--service", "delivry")
    assert "No event is published or received by delivry. Did you mean delivery?" in one_sentence(done)


@pytest.mark.parametrize("form", ["text", "github"])
def test_a_document_can_neither_drive_a_terminal_nor_write_annotations(cars: Path, form: str) -> None:
    path = cars / "events/lot-selected.md"
    text = path.read_text().replace("type: LotSelected", 'type: "Lot\\n::error::\\e[31mSelected"')
    path.write_text(text.replace('"properties"', '"prop\\n::error file=x::\\u001b[2J\u202e": 1, "properties"', 1))
    done = run("contracts", "lint", str(cars), "--format", form)
    assert done.returncode == 1
    lines = done.stdout.split("\n")
    assert all(line.isprintable() for line in lines), done.stdout
    commands = [line for line in lines if line.startswith("::")]
    assert all(line.startswith(f"::error file={cars.as_posix()}/events/") for line in commands)
    assert ("Lot\\n::error::\\u001b[31mSelected" in done.stdout) or form == "text"
