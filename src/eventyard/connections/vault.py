"""Sealing secrets: AES-256-GCM with one key in a file of its own, so that the database alone gives nothing away.

It does not protect from somebody who can read the whole data directory as the server's user."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from eventyard.errors import Broken, InvalidRequest

FILE = "connections.key"
_KEY, _NONCE = 32, 12


class Vault:
    """Seals and opens. ``label``: what a text belongs to; sealed under one label it does not open under another, so
    that rows of the database can't be swapped."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def open(cls, directory: Path | None) -> Vault:
        """The vault with the key in ``directory``, made there on first use; without a directory the key lives and dies
        with the process.

        Raises:
            InvalidRequest: others may read the key.
            Broken: the key can't be read, or is not one.
        """
        if directory is None:
            return cls(os.urandom(_KEY))
        path = directory / FILE
        try:
            if not path.exists():
                _make(path)
            mode = stat.S_IMODE(path.stat().st_mode)
            key = path.read_bytes()
        except OSError as error:
            raise Broken(f"Can't use the key in {path}: {error.strerror}.") from error
        if mode & 0o077:
            raise InvalidRequest(f"Others can read {path}, which holds the key to all secrets. Run: chmod 600 {path}")
        if len(key) != _KEY:
            raise Broken(f"{path} does not hold a key: it should be {_KEY} bytes long, not {len(key)}.")
        return cls(key)

    def seal(self, label: str, text: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text, label.encode())

    def unseal(self, label: str, sealed: bytes) -> bytes:
        """What was sealed under ``label``. Raises Broken if it was sealed with another key or label, or changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode())
        except (InvalidTag, ValueError) as error:
            raise Broken(f"The secret of {label} can't be opened with the key in {FILE}.") from error


def _make(path: Path) -> None:
    """Write a new key so that after a power loss there is the whole key or none: a secret sealed with a lost key is
    lost as well."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, os.urandom(_KEY))
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
