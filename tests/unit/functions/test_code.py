"""What uploaded code leaves on the disk: nothing, if it was refused, only tried, or is nobody's any more."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from eventyard.errors import InvalidRequest, LimitExceeded
from eventyard.functions import Code

HOUR = 3_600_000


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


def left(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def test_nothing_is_left_of_what_unpacks_to_too_much(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded, match="Unzipped size must be smaller than 262144000 bytes"):
        Code(tmp_path).add(zipped(small=b"x", large=bytes((250 << 20) + 1)))
    assert left(tmp_path) == []


def test_nothing_is_left_of_what_is_broken_or_only_tried(tmp_path: Path) -> None:
    code, whole = Code(tmp_path), zipped(first=b"x" * 1000, second=b"y" * 1000)
    with pytest.raises(InvalidRequest):
        code.add(whole.replace(whole[60:64], b"\\0\\1\\2\\3", 1))
    digest = code.add(whole, keep=False)
    assert left(tmp_path) == []
    assert code.add(whole) == digest
    assert left(tmp_path) == [digest]


def test_code_that_no_function_has_any_more_goes_once_nothing_can_run_it(tmp_path: Path) -> None:
    code = Code(tmp_path)
    used, unused, again = (code.add(zipped(f=name)) for name in (b"used", b"unused", b"again"))
    code.sweep({used}, 0)
    code.sweep({used}, 900_000)
    assert left(tmp_path) == sorted([used, unused, again]), "an invocation may take a quarter of an hour"
    code.add(zipped(f=b"again"))
    code.sweep({used}, HOUR)
    assert left(tmp_path) == sorted([used, again])
    code.sweep({used}, 2 * HOUR)
    assert left(tmp_path) == [used]
