"""Sealing secrets and records: AES-256-GCM with one key in a file of its own, so that the database alone gives nothing
away.

It does not protect from somebody who can read the whole data directory as the server's user."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from eventyard.errors import Broken
from eventyard.keyfile import read_or_make

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
        key = read_or_make(path, lambda: os.urandom(_KEY))
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
            raise Broken(f"What is sealed of {label} can't be opened with the key in {FILE}.") from error
