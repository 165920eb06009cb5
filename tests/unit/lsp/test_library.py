"""The contracts that an editor works with."""

from __future__ import annotations

from pathlib import Path

from eventyard.contract import Finding, Repository
from eventyard.lsp.library import Library
from tests.unit.forms.contracts import ALL


def test_further_findings_can_be_handed_in(tmp_path: Path) -> None:
    def lint(repository: Repository) -> list[Finding]:
        return [Finding("a.md", 1, 1, "bad-name", f"{len(repository.contracts)} contracts.", "warning")]

    library = Library(tmp_path, lint)
    assert [each.rule for each in library.findings()["a.md"]] == ["bad-name"]
    library.write("a.md", ALL.documents[0].text)
    assert library.findings() == {}, "while it is written the lint has not looked at it"
    library.close("a.md")
    assert [each.rule for each in library.findings()["a.md"]] == ["bad-name"]


def test_a_folder_that_is_not_there_yet_has_no_events(tmp_path: Path) -> None:
    assert Library(tmp_path / "later").events() == []


def test_what_is_open_goes_before_what_is_saved_until_it_is_closed(tmp_path: Path) -> None:
    text = ALL.documents[0].text
    (tmp_path / "all.md").write_text(text)
    library = Library(tmp_path)
    assert library.knows("EverythingHappened")
    library.write("all.md", text.replace("EverythingHappened", "NothingHappened"))
    assert [each.type for each in library.events()] == ["NothingHappened"]
    library.close("all.md")
    assert [each.type for each in library.events()] == ["EverythingHappened"]
    assert library.name_of(tmp_path / "all.md") == "all.md"
    assert library.name_of(tmp_path.parent / "all.md") is None
    assert library.payload("Unheard") is None
