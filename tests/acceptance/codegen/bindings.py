"""Code bindings, taken out of their zip file."""

from __future__ import annotations

import io
import zipfile


def unpacked(packed: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}
