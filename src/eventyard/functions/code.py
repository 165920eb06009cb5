"""The code of functions: zip files, kept by their digest and unpacked once. It runs nothing."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Set
from pathlib import Path

from eventyard.errors import InvalidRequest, LimitExceeded

#: Bytes: Lambda's quotas for what is uploaded directly, and unpacked (developer guide, "Lambda quotas").
_MOST_ZIPPED, _MOST_UNZIPPED = 50 << 20, 250 << 20
_CHUNK = 1 << 20
#: Milliseconds for which code that no function has is left: the longest an invocation may take, and to be made.
_UNUSED = 1_000_000


class Code:
    """Code in ``folder``: for each digest the zip file and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._unused: dict[str, int] = {}

    def add(self, zipped: bytes, keep: bool = True) -> str:
        """Keep the zip file, durably; answers its digest. ``keep``: else it is only tried. Raises InvalidRequest for
        what is none, and LimitExceeded; nothing is left of it then."""
        if len(zipped) > _MOST_ZIPPED:
            raise LimitExceeded("Zipped size must be smaller than 52428800 bytes", "RequestEntityTooLargeException")
        digest = hashlib.sha256(zipped).hexdigest()
        self._unused.pop(digest, None)
        if not self.path(digest).exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = Path(tempfile.mkdtemp(prefix=f"{digest}.", dir=self.folder))
            try:
                _unpack(zipped, draft)
                if keep:
                    self._rename(draft, digest)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
                raise InvalidRequest(
                    f"Could not unzip uploaded file. Please check your file, then try to upload again. ({error})",
                    "InvalidParameterValueException",
                ) from error
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return digest

    def _rename(self, draft: Path, digest: str) -> None:
        try:
            draft.rename(self.path(digest))
        except OSError:
            if not self.path(digest).exists():  # else the same file was added meanwhile
                raise
        os.sync()

    def path(self, digest: str) -> Path:
        """Where the code with ``digest`` is."""
        return self.folder / digest

    def keep_only(self, digests: set[str]) -> None:
        """Throw away all other code."""
        if self.folder.exists():
            for found in self.folder.iterdir():
                if found.name not in digests:
                    shutil.rmtree(found, ignore_errors=True)

    def sweep(self, digests: Set[str], now: int) -> None:
        """Throw away what none of ``digests`` is and has not been for so long that nothing can run it any more.
        ``now``: ms."""
        kept = {found.name for found in self.folder.iterdir()} if self.folder.exists() else set()
        self._unused = {name: self._unused.get(name, now) for name in kept - digests}
        for name, since in self._unused.items():
            if now - since >= _UNUSED:
                shutil.rmtree(self.folder / name, ignore_errors=True)


def _unpack(zipped: bytes, folder: Path) -> None:
    """No member may be outside of ``folder``, and none may be larger than it says."""
    left = _MOST_UNZIPPED
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        for member in archive.infolist():
            place = folder / member.filename
            if member.filename.startswith("/") or ".." in Path(member.filename).parts:
                raise zipfile.BadZipFile(f"{member.filename[:100]!r} is outside of the archive")
            if stat.S_ISLNK(member.external_attr >> 16):
                raise zipfile.BadZipFile(f"{member.filename[:100]!r} is a link")
            if member.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, place.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise LimitExceeded(
                            f"Unzipped size must be smaller than {_MOST_UNZIPPED} bytes",
                            "InvalidParameterValueException",
                        )
                    target.write(chunk)
            place.chmod(0o755 if member.external_attr >> 16 & stat.S_IXUSR else 0o644)
