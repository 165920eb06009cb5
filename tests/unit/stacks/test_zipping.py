"""The zip of a function's code: what is in it, and that it is the same for the same files."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest

from eventyard.errors import InvalidRequest
from eventyard.stacks.zipping import zip_at


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def _names(path: Path) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(zip_at(path).data)).namelist()


def test_installed_packages_are_code_and_caches_are_not(tmp_path: Path) -> None:
    _write(tmp_path, "index.js", "node_modules/leftpad/index.js", ".venv/lib/a.py", "a/__pycache__/b.cpython-311.pyc")
    _write(tmp_path, ".git/config", "c.pyc", ".mypy_cache/d", "pkg/.ruff_cache/e")
    assert _names(tmp_path) == [".venv/lib/a.py", "index.js", "node_modules/leftpad/index.js"]


def test_code_that_is_too_large_says_what_takes_most_of_it(tmp_path: Path) -> None:
    _write(tmp_path, "small.py")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "large").write_bytes(random.Random(1).randbytes(50 * 1024 * 1024))
    with pytest.raises(InvalidRequest, match=r"52428800 are the most\. Most of it: node_modules \(\d+\), small\.py"):
        zip_at(tmp_path)


def test_what_can_be_executed_still_can_and_nothing_else_of_modes_is_kept(tmp_path: Path) -> None:
    _write(tmp_path, "bootstrap", "data.json")
    (tmp_path / "bootstrap").chmod(0o700)
    (tmp_path / "data.json").chmod(0o600)
    first = zip_at(tmp_path)
    members = zipfile.ZipFile(io.BytesIO(first.data)).infolist()
    assert {each.filename: oct(each.external_attr >> 16) for each in members} == {
        "bootstrap": "0o100755",
        "data.json": "0o100644",
    }
    (tmp_path / "bootstrap").chmod(0o755)
    assert zip_at(tmp_path).sha256 == first.sha256


def test_a_file_that_becomes_executable_is_a_change_of_the_code(tmp_path: Path) -> None:
    _write(tmp_path, "bootstrap")
    plain = zip_at(tmp_path).sha256
    (tmp_path / "bootstrap").chmod(0o755)
    assert zip_at(tmp_path).sha256 != plain


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["!**", "a.py"], ["a.py"]),
        (["!tests/**"], [".env", "a.py", "lib/b.js", "lib/deep/c.js"]),
        (["!**/*.js", "lib/deep/**"], [".env", "a.py", "lib/deep/c.js", "tests/t.py"]),
        (["!lib/*.js", "!.env*", "!tests"], ["a.py", "lib/deep/c.js", "tests/t.py"]),
        (["!{a,tests/?}.py", "!./.env"], ["lib/b.js", "lib/deep/c.js"]),
        (["!**/[a-b].*"], [".env", "lib/deep/c.js", "tests/t.py"]),
        (["![z", "!{a", "!a,b"], [".env", "a.py", "lib/b.js", "lib/deep/c.js", "tests/t.py"]),
    ],
)
def test_the_last_pattern_that_matches_a_file_holds(tmp_path: Path, patterns: list[str], names: list[str]) -> None:
    _write(tmp_path, ".env", "a.py", "lib/b.js", "lib/deep/c.js", "tests/t.py")
    archive = zipfile.ZipFile(io.BytesIO(zip_at(tmp_path, patterns).data))
    assert archive.namelist() == names


def test_links_in_the_project_are_followed_and_those_out_of_it_refused_by_name(tmp_path: Path) -> None:
    project, code = tmp_path / "project", tmp_path / "project" / "code"
    _write(tmp_path, "outside/secret", "project/.git/HEAD", "project/shared/deep/a.py", "project/code/b.py")
    (code / "shared").symlink_to(project / "shared")
    (code / "c.py").symlink_to("b.py")
    _write(code, "env/pyvenv.cfg", "env/bin/activate")
    (code / "env" / "bin" / "python").symlink_to("/usr/bin/env")
    assert _names(code) == ["b.py", "c.py", "shared/deep/a.py"]
    for target in ("secret", "."):
        link = code / "leaving"
        link.symlink_to(tmp_path / "outside" / target)
        with pytest.raises(InvalidRequest, match="code/leaving is a link that leads out of"):
            zip_at(code)
        # What is left out anyway hinders nobody.
        assert "leaving" not in zipfile.ZipFile(io.BytesIO(zip_at(code, ["!leaving"]).data)).namelist()
        link.unlink()


def test_without_a_repository_links_stay_in_the_folder(tmp_path: Path) -> None:
    _write(tmp_path, "shared/a.py", "code/b.py")
    (tmp_path / "code" / "shared").symlink_to(tmp_path / "shared")
    with pytest.raises(InvalidRequest, match="code/shared is a link that leads out of"):
        zip_at(tmp_path / "code")


def test_links_that_lead_nowhere_or_back_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, "b/a.py")
    (tmp_path / "b" / "again").symlink_to(tmp_path)
    with pytest.raises(InvalidRequest, match="b/again is a link to a folder that it is in"):
        zip_at(tmp_path)
    (tmp_path / "b" / "again").unlink()
    (tmp_path / "gone").symlink_to("nothing")
    with pytest.raises(InvalidRequest, match=r"gone is a link to .*nothing, where nothing is"):
        zip_at(tmp_path)
