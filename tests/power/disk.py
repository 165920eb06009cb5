"""A disk whose power can be cut: what SQLite writes is noted, and any image that a cut could leave is made of it.

What was synced stays. What was written since may be there or not, in any order, torn at the size of a sector. A failed
sync is as Linux has it: what was to be synced may be lost for good, and the next sync says that all is well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import apsw
import msgspec


class Wrote(msgspec.Struct, frozen=True):
    file: str
    offset: int
    data: bytes


class Cut(msgspec.Struct, frozen=True):
    """The file was cut to ``size``."""

    file: str
    size: int


class Synced(msgspec.Struct, frozen=True):
    """``well``: False if the sync failed."""

    file: str
    well: bool = True


class Noted(msgspec.Struct, frozen=True):
    """What the one who uses the disk promised or was promised."""

    what: Any


Step = Wrote | Cut | Synced | Noted


class Disk:
    """Used by every connection that is opened inside ``with disk:``. ``fault``: called with the number of each write
    and sync since ``begin``; what it raises is what SQLite gets."""

    def __init__(self, fault: Callable[[int, str], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._fault = fault
        self._count = 0
        self._before = ""
        self._noting = False
        self._base: dict[str, bytes] = {}
        self.steps: list[Step] = []

    def __enter__(self) -> Disk:
        self._before = apsw.vfs_details()[0]["zName"]
        self._vfs = _Vfs(self, self._before)
        apsw.set_default_vfs(_NAME)
        return self

    def __exit__(self, *_: object) -> None:
        apsw.set_default_vfs(self._before)
        self._vfs.unregister()

    def begin(self, folder: Path) -> None:
        """From now on note everything; what is in ``folder`` counts as synced. Nothing may be writing."""
        self._base = {str(path): path.read_bytes() for path in folder.glob("eventyard.db*") if path.suffix != ".db-shm"}
        self._noting = True

    def end(self) -> None:
        self._noting = False

    def note(self, what: Any) -> None:
        """Enter a promise in its order among the writes."""
        with self._lock:
            self.steps.append(Noted(what))

    def images(self, cuts: Sequence[int], random: Random, folder: Path) -> Iterator[tuple[int, list[Any], Path]]:
        """For each number of steps in ``cuts`` (ascending): the number, what had been noted, and a data directory as a
        cut of the power just then could leave it."""
        files = {name: bytearray(data) for name, data in self._base.items()}
        waiting: dict[str, list[Wrote | Cut]] = {}
        noted: list[Any] = []
        done = 0
        for number, cut in enumerate(cuts):
            for step in self.steps[done:cut]:
                if isinstance(step, Noted):
                    noted.append(step.what)
                elif isinstance(step, Synced):
                    pending = waiting.pop(step.file, [])
                    _apply(files.setdefault(step.file, bytearray()), pending, random, 1.0 if step.well else 0.5)
                else:
                    waiting.setdefault(step.file, []).append(step)
            done = cut
            image = folder / f"cut-{number}"
            image.mkdir()
            for name in {*files, *waiting}:
                left = bytearray(files.get(name, b""))
                _apply(left, waiting.get(name, []), random, random.choice((0.0, 0.1, 0.5, 0.9, 1.0)))
                (image / Path(name).name).write_bytes(left)
            yield cut, noted, image

    # What its files call

    def entered(self, file: str, step: Step) -> None:
        if not self._noting or file.endswith("-shm"):
            return
        with self._lock:
            self._count += 1
            try:
                if self._fault is not None:
                    self._fault(self._count, type(step).__name__)
            except apsw.Error:
                if isinstance(step, Synced):
                    self.steps.append(Synced(file, well=False))
                raise
            self.steps.append(step)


def _apply(file: bytearray, steps: Sequence[Wrote | Cut], random: Random, chance: float) -> None:
    """Do each of ``steps``, sector by sector, by ``chance``."""
    for step in steps:
        if isinstance(step, Cut):
            if chance == 1.0 or random.random() < chance:
                del file[step.size :]
            continue
        sector = len(step.data) if chance == 1.0 else random.choice((512, 4_096))
        at = 0
        while at < len(step.data):
            start = step.offset + at
            size = min(sector - start % sector if chance < 1.0 else sector, len(step.data) - at)
            if chance == 1.0 or random.random() < chance:
                if len(file) < start:
                    file.extend(bytes(start - len(file)))
                file[start : start + size] = step.data[at : at + size]
            at += size


_NAME = "power"


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk, base: str) -> None:
        self._disk, self._base = disk, base
        super().__init__(_NAME, base)

    def xOpen(self, name: Any, flags: Any) -> _File:
        return _File(self._disk, self._base, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, base: str, name: Any, flags: Any) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__(base, name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        self._disk.entered(self._path, Wrote(self._path, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._disk.entered(self._path, Cut(self._path, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        # The real file need not be synced: only images are ever looked at.
        self._disk.entered(self._path, Synced(self._path))
