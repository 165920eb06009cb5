"""The code of a function as a zip that is the same for the same files, whenever and wherever it is made."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import stat
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.stacks.globs import glob

_WHEN = (1980, 1, 1, 0, 0, 0)  # the first moment that the format knows
#: What tools make anew from the rest; everything else is code, packages that were installed beside it among it.
_LEFT_OUT = frozenset({"__pycache__", ".git", ".mypy_cache", ".pytest_cache", ".ruff_cache"})
#: Lambda's limit for what is sent with the request, zipped (Lambda quotas).
_MOST = 50 * 1024 * 1024


_Globs = Sequence[tuple[bool, re.Pattern[str]]]
"""Whether what matches is wanted; the last one holds."""


class Zip(msgspec.Struct, frozen=True):
    """``sha256``: as Lambda tells it, in Base64."""

    data: bytes
    sha256: str


def zip_of(files: Mapping[str, bytes], runs: Collection[str] = ()) -> Zip:
    """Of files by their paths in it. ``runs``: those that can be executed, as ``bootstrap`` of an OS-only runtime has
    to be (Lambda developer guide); other bits of a mode say nothing of the code and are not kept. Raises InvalidRequest
    for more than Lambda takes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _WHEN)
            info.external_attr = (stat.S_IFREG | (0o755 if name in runs else 0o644)) << 16
            info.create_system = 3
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED)
    return _of(buffer.getvalue())


def zip_at(path: Path, patterns: Sequence[str] = ()) -> Zip:
    """Of a folder, of one file, or the zip that is there already. ``patterns``: globs of paths in the folder; one with
    ``!`` before it leaves files out, and of all that match a file the last one holds (Serverless Framework's
    documentation, "Packaging"). Raises InvalidRequest where there is none."""
    try:
        if path.suffix == ".zip" and path.is_file():
            return _of(path.read_bytes())
        if path.is_file():
            return _zipped({path.name: path})
        if path.is_dir():
            globs = [(not each.startswith("!"), glob(each.removeprefix("!"))) for each in patterns]
            found = dict(_walk(path, "", (path.resolve(),), project_of(path), globs))
            if found:
                return _zipped(found)
            raise InvalidRequest(f"There are no files in {path}.")
    except OSError as error:
        raise InvalidRequest(f"{path} can't be read: {error.strerror}.") from error
    raise InvalidRequest(f"There is no file or folder {path}.")


def project_of(folder: Path) -> Path:
    """What the folder belongs to, which links in it may lead to: the repository, or else the folder alone."""
    whole = folder.resolve()
    return next((each for each in (whole, *whole.parents) if (each / ".git").exists()), whole)


def _walk(
    folder: Path, before: str, within: tuple[Path, ...], project: Path, globs: _Globs
) -> Iterator[tuple[str, Path]]:
    """Files by their paths in the code, links followed. Raises InvalidRequest for one that leads out of the project:
    nobody means to upload what is there."""
    for each in sorted(folder.iterdir()):
        name, whole = before + each.name, each.resolve()
        if not _wanted(each, name, globs):
            continue
        if each.is_symlink() and not whole.is_relative_to(project):
            raise InvalidRequest(f"{each} is a link that leads out of {project}, to {whole}. Put what it needs inside.")
        if each.is_file():
            yield name, each
        elif each.is_dir():
            if whole in within:
                raise InvalidRequest(f"{each} is a link to a folder that it is in.")
            yield from _walk(each, f"{name}/", (*within, whole), project, globs)
        elif each.is_symlink() and not each.exists():
            raise InvalidRequest(f"{each} is a link to {whole}, where nothing is.")


def _wanted(path: Path, name: str, globs: _Globs) -> bool:
    """Of a folder: whether something in it may be. A virtual environment is made of links to this machine's Python and
    works nowhere else (PEP 405)."""
    if path.name in _LEFT_OUT or path.suffix == ".pyc" or (path / "pyvenv.cfg").exists():
        return False
    if path.is_dir() and not path.is_symlink():
        return True
    return next((wanted for wanted, each in reversed(globs) if each.fullmatch(name)), True)


def _zipped(found: Mapping[str, Path]) -> Zip:
    runs = {name for name, path in found.items() if path.stat().st_mode & stat.S_IXUSR}
    return zip_of({name: path.read_bytes() for name, path in found.items()}, runs)


def _of(data: bytes) -> Zip:
    if len(data) > _MOST:
        raise InvalidRequest(f"The code has {len(data)} bytes when zipped; {_MOST} are the most. {_heaviest(data)}")
    return Zip(data, base64.b64encode(hashlib.sha256(data).digest()).decode())


def _heaviest(data: bytes) -> str:
    """What takes most of a zip, for who has to make it smaller."""
    sizes: dict[str, int] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for each in archive.infolist():
                name = each.filename.partition("/")[0]
                sizes[name] = sizes.get(name, 0) + each.compress_size
    except zipfile.BadZipFile:
        return "It is no zip."
    largest = sorted(sizes.items(), key=lambda each: -each[1])[:3]
    return f"Most of it: {', '.join(f'{name} ({size})' for name, size in largest)}."
