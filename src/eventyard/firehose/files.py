"""Writing one file so that it is there whole or not at all. Knows no records, only bytes."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from eventyard.firehose.parquet import zstandard
from eventyard.firehose.resources import Compression

_PARTIAL = ".partial"
_GZIP = 31  # zlib's window bits for a gzip header and trailer


class WholeFile:
    """Collects bytes beside their place; :meth:`finish` makes the file durable there. Left without it, nothing stays.

    All methods block. ``root``: the directory of the buckets."""

    def __init__(self, root: Path, bucket: str, key: str, id: str, compression: Compression) -> None:
        self._place = root / bucket / key
        self._root = root
        partial = root / _PARTIAL
        partial.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._temporary = partial / id
        self.file: BinaryIO = self._temporary.open("wb")
        self._finished = False
        # A file of the same records has the same bytes: no time in its header.
        self._squeeze = zlib.compressobj(wbits=_GZIP) if compression == "GZIP" else None
        self._frames = compression == "ZSTD"

    def write(self, data: bytes) -> None:
        if self._squeeze is not None:
            data = self._squeeze.compress(data)
        elif self._frames and data:
            data = zstandard(data)
        self.file.write(data)

    def finish(self) -> None:
        """Return when the file is in its place and will be after a power cut."""
        if self._squeeze is not None:
            self.file.write(self._squeeze.flush())
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        _make_directories(self._place.parent)
        self._temporary.replace(self._place)
        _sync(self._place.parent)
        self._finished = True

    def close(self) -> None:
        """Without a ``finish`` before, leave nothing behind."""
        if not self._finished:
            self.file.close()
            self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> WholeFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def clear_partial(root: Path) -> None:
    """Take away what files of an earlier run left unfinished."""
    partial = root / _PARTIAL
    if partial.is_dir():
        for leftover in partial.iterdir():
            leftover.unlink()


def _make_directories(path: Path) -> None:
    """Make ``path`` with all that leads to it, each name durable."""
    if path.is_dir():
        return
    _make_directories(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    _sync(path.parent)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
