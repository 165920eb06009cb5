"""``eventyard contracts diff`` in a real repository of git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.contracts.command import contracts
from tests.unit.contracts.documents import document, sold, write

NOTE = {"type": "string"}


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of contracts inside of a repository that has more in it."""
    folder = write(tmp_path / "sub" / "contracts", {"events/car-sold.md": document(sold(note=NOTE))})
    (tmp_path / "README.md").write_text("# All of it\n")
    (folder / ".hidden.md").write_text(document(sold(), {"type": "Hidden"}))
    (folder / "broken.bin").write_bytes(b"\xff")
    (folder / "link.md").symlink_to("events/car-sold.md")
    git(tmp_path, "init", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return folder


def test_an_unchanged_folder_ends_well(folder: Path) -> None:
    status, told = contracts("diff", "--against", "main", folder=folder)
    assert (status, told) == (0, "1 events against main: 0 changed, 0 breaking.\n")


def test_a_breaking_change_ends_with_status_1_a_reason_and_a_counterexample(folder: Path) -> None:
    write(folder, {"events/car-sold.md": document(sold(("vin", "note"), note=NOTE))})
    status, told = contracts("diff", ".", "--against", "main", folder=folder)
    assert status == 1
    assert "breaks events that keep the old contract: /note: note is missing" in told
    assert "counter-example: {" in told
    assert "/note: it was optional, and is required now (can break publishers)" in told
    assert "compatible with subscribers that read with the old contract (finance): proven" in told
    assert contracts("diff", "--direction", "subscribers", folder=folder)[0] == 0


def test_a_new_version_beside_the_old_one_ends_well(folder: Path) -> None:
    write(folder, {"events/car-sold.2.md": document(sold(("vin", "note"), note=NOTE), {"version": 2})})
    status, told = contracts("diff", folder=folder)
    assert status == 0, told
    assert "uk.co.cars@CarSold version 2: new version" in told


def test_programs_read_json(folder: Path) -> None:
    write(folder, {"events/car-sold.md": document(sold(("vin", "note"), note=NOTE))})
    status, told = contracts("diff", "--format", "json", folder=folder)
    found = json.loads(told)
    assert (status, found["breaking"], found["against"]) == (1, True, "HEAD")
    (event,) = found["events"]
    verdicts = {verdict["direction"]: verdict for verdict in event["verdicts"]}
    assert verdicts["publishers"]["violations"][0]["path"] == "/note"
    assert "note" not in verdicts["publishers"]["counterexample"]


def test_github_gets_annotations_on_the_file(folder: Path) -> None:
    write(folder, {"events/car-sold.md": document(sold(("vin", "note"), note=NOTE))})
    _, told = contracts("diff", "sub/contracts", "--format", "github", folder=folder.parents[1])
    (line,) = told.splitlines()
    assert line.startswith(
        "::error file=sub/contracts/events/car-sold.md,line=1,title=uk.co.cars@CarSold version 1%3A "
    )


def test_a_pull_request_gets_markdown(folder: Path) -> None:
    (folder / "events/car-sold.md").unlink()
    status, told = contracts("diff", "--format", "markdown", folder=folder)
    assert status == 1
    assert "### ❌ `uk.co.cars@CarSold version 1: removed`" in told


@pytest.mark.parametrize("revision", ["nowhere", "--output=/tmp/x", "HEAD:sub"])
def test_an_unknown_revision_is_refused(folder: Path, revision: str) -> None:
    status, told = contracts("diff", f"--against={revision}", folder=folder)
    assert status == 1
    assert "git knows no revision" in told


def test_a_folder_outside_of_git_is_refused(tmp_path: Path) -> None:
    status, told = contracts("diff", str(write(tmp_path, {})))
    assert status == 1
    assert "git: " in told


def test_contracts_with_errors_are_refused_with_the_place(folder: Path) -> None:
    write(folder, {"events/other.md": document({"$ref": "https://schema.example.com/atoms/vim"})})
    status, told = contracts("diff", folder=folder)
    assert status == 1
    assert "events/other.md:" in told
    assert "Did you mean https://schema.example.com/atoms/vin?" in told


def test_what_had_errors_before_counts_as_new(folder: Path) -> None:
    write(folder, {"events/car-sold.md": "# Car Sold\n```yaml\ntype: CarSold\n```\n"})
    git(folder, "commit", "-am", "broken")
    write(folder, {"events/car-sold.md": document(sold())})
    status, told = contracts("diff", folder=folder)
    assert status == 0
    assert "events/car-sold.md had errors at HEAD; it counts as new." in told
