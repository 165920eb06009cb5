"""The code of functions: zip files, kept by their digest and unpacked once. It runs nothing."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import zipfile
from pathlib import Path

from eventyard.errors import InvalidRequest, LimitExceeded

#: Bytes: Lambda's quotas for what is uploaded directly, and unpacked (developer guide, "Lambda quotas").
_MOST_ZIPPED, _MOST_UNZIPPED = 50 << 20, 250 << 20
_CHUNK = 1 << 20


class Code:
    """Code in ``folder``: for each digest the zip file and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def add(self, zipped: bytes) -> str:
        """Keep the zip file, durably; answers its digest. Raises InvalidRequest for what is none."""
        if len(zipped) > _MOST_ZIPPED:
            raise LimitExceeded("Zipped size must be smaller than 52428800 bytes", "RequestEntityTooLargeException")
        digest = hashlib.sha256(zipped).hexdigest()
        if not self.path(digest).exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self.folder / f"{digest}.new"
            shutil.rmtree(draft, ignore_errors=True)
            try:
                _unpack(zipped, draft)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
                shutil.rmtree(draft, ignore_errors=True)
                raise InvalidRequest(
                    f"Could not unzip uploaded file. Please check your file, then try to upload again. ({error})",
                    "InvalidParameterValueException",
                ) from error
            draft.rename(self.path(digest))
            os.sync()
        return digest

    def path(self, digest: str) -> Path:
        """Where the code with ``digest`` is."""
        return self.folder / digest

    def keep_only(self, digests: set[str]) -> None:
        """Throw away all other code."""
        if self.folder.exists():
            for found in self.folder.iterdir():
                if found.name not in digests:
                    shutil.rmtree(found, ignore_errors=True)


def _unpack(zipped: bytes, folder: Path) -> None:
    """No member may be outside of ``folder``, and none may be larger than it says."""
    folder.mkdir(mode=0o700)
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
